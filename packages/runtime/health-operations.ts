import { z } from 'zod';
import { registry, scrape } from './metrics';
import { operation, type Operation } from './operation';
import type { Readiness } from './readiness';

/** Health checks send a query parameter to avoid caches. */
const anyQuery = z.looseObject({});

const tag = 'Health';

/** The health check of the original system, below each prefix. */
export const pingOperation = operation({
  id: 'ping',
  method: 'get',
  path: '/health',
  tag,
  access: 'open',
  summary: 'Check that the service answers',
  query: anyQuery,
  responses: { 200: { description: 'The service answers.', contentType: 'text/plain', schema: z.literal('pong') } },
  cost: 'nothing',
  example: {},
  handle: ({ response }) => void response.type('text').send('pong'),
});

export interface HealthNeeds {
  readiness: () => Promise<Readiness>;
  /** Once aborted, the service is not ready. */
  stopping: AbortSignal;
}

const readiness = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()).meta({ description: 'The state of each dependency, in one word.' }),
});

/** The health checks at the root, for an orchestrator and a load balancer. */
export const healthOperations = ({ readiness: check, stopping }: HealthNeeds): Operation[] => [
  operation({
    id: 'isAlive',
    method: 'get',
    path: '/livez',
    tag,
    access: 'open',
    summary: 'Check that the process runs',
    query: anyQuery,
    responses: { 200: { description: 'The process runs.', contentType: 'text/plain', schema: z.literal('ok') } },
    example: {},
    handle: ({ response }) => void response.type('text').send('ok'),
  }),
  operation({
    id: 'isReady',
    method: 'get',
    path: '/readyz',
    tag,
    access: 'open',
    summary: 'Check that the service can handle requests',
    query: anyQuery,
    responses: {
      200: { description: 'The service is ready.', schema: readiness },
      503: { description: 'A dependency is unavailable, or the service is stopping.', schema: readiness },
    },
    example: {},
    handle: async ({ response }) => {
      const { ready, checks } = await check();
      const isReady = ready && !stopping.aborted;
      response.status(isReady ? 200 : 503).json({ ready: isReady, checks });
    },
  }),
];

/** The metrics, for Prometheus. */
export const metricsOperation = operation({
  id: 'readMetrics',
  method: 'get',
  path: '/metrics',
  tag,
  access: 'open',
  summary: 'Read the metrics',
  description:
    'In the text format of Prometheus. Only the management port serves them, unless `MANAGEMENT_PORT` is `same`.',
  query: anyQuery,
  responses: { 200: { description: 'The metrics.', contentType: 'text/plain', schema: z.string() } },
  problems: ['route-not-found'],
  example: {},
  handle: async ({ response }) => {
    response.type(registry.contentType).send(await scrape());
  },
});
