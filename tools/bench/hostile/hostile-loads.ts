import type { HostileLoad } from './hostile-load';
import { largeLists } from './large-lists';
import { manyKeys } from './many-keys';
import { pipelinedRequests } from './pipelined-requests';
import { slowRequests } from './slow-requests';
import { unknownRoutes } from './unknown-routes';
import { unreadResponses } from './unread-responses';

/** The loads by the names that HOSTILE_ONLY accepts. */
export const hostileLoads = {
  lists: largeLists,
  unread: unreadResponses,
  pipelined: pipelinedRequests,
  keys: manyKeys,
  routes: unknownRoutes,
  slow: slowRequests,
} satisfies Record<string, HostileLoad>;

export type HostileLoadName = keyof typeof hostileLoads;
