import type { OrdersClient } from '@shop/prisma/clients';
import { ROLES } from '@shop/runtime/access/role';
import { operation, type Operation } from '@shop/runtime/operation';
import { idParams } from '@shop/runtime/uuid-schemas';
import { orderWorkflowId } from '@shop/workflows/contract';
import { z } from 'zod';
import { StatisticsCache } from '../orders/statistics-cache';
import { STATISTICS_WINDOWS, readStatistics, type StatisticsWindow } from '../orders/order-statistics';
import { summarizeUnsettledOrders } from '../orders/unsettled-orders';
import type { ReadClient } from '../reads/read-client';
import type { FailingSaga } from '../saga/failing-sagas';
import type { WorkflowState } from '../saga/sagas';
import { EXAMPLE_ORDER } from './examples';
import { backlogJson, consoleSettingsJson, failingSagaJson, sagaJson, statisticsJson } from './json';

/** What the console must know before it can use the services. */
export interface ConsoleSettings {
  /** The origin of payment-processing as browsers reach it; null if it is the origin of the console. */
  paymentApiOrigin: string | null;
}

/** Reads what only Temporal knows about sagas. */
export interface SagaInspection {
  findFailing: () => Promise<FailingSaga[]>;
  stateOf: (orderId: string) => Promise<WorkflowState>;
  traceOf: (orderId: string) => Promise<string | null>;
  urlOf: (workflowId: string) => string;
}

export interface ConsoleOperationsNeeds {
  inspection: SagaInspection;
  database: OrdersClient;
  reads: ReadClient;
  consoleSettings: ConsoleSettings;
  /** How many orders may be unsettled. */
  maxUnsettled: number;
}

const tag = 'Operation';
const windows = Object.keys(STATISTICS_WINDOWS) as [StatisticsWindow, ...StatisticsWindow[]];

/** The operations of the console: who the caller is, what waits for a person, and the statistics. */
export const consoleOperations = (
  needs: ConsoleOperationsNeeds,
  statistics = new StatisticsCache((window) => needs.reads.read((source) => readStatistics(source, window))),
): Operation[] => [
  operation({
    id: 'readCaller',
    method: 'get',
    path: '/me',
    tag,
    access: 'any',
    summary: 'Read who the caller is',
    description: 'Without authentication, every caller is an anonymous operator.',
    responses: {
      200: {
        description: 'The caller.',
        schema: z
          .object({
            actor: z.string().meta({ description: '`anonymous`, `api-key:<prefix>` or `jwt:<sub>`.' }),
            role: z.enum(ROLES),
            customerId: z.guid().nullable().meta({ description: 'Null unless the role is `customer`.' }),
          })
          .meta({ id: 'Caller' }),
      },
    },
    example: {},
    handle: ({ caller: { actor, role, customerId }, response }) => void response.json({ actor, role, customerId }),
  }),

  operation({
    id: 'readConsoleSettings',
    method: 'get',
    path: '/console-settings',
    tag,
    access: 'any',
    summary: 'Read the settings of the console',
    responses: { 200: { description: 'The settings.', schema: consoleSettingsJson } },
    example: {},
    handle: ({ response }) => void response.json(needs.consoleSettings),
  }),

  operation({
    id: 'readBacklog',
    method: 'get',
    path: '/backlog',
    tag,
    access: 'operator',
    summary: 'Read how many orders wait to be settled',
    responses: { 200: { description: 'The backlog.', schema: backlogJson } },
    example: {},
    handle: async ({ response }) => {
      const { count, oldestSeconds } = await summarizeUnsettledOrders(needs.database);
      response.json({ unsettled: count, oldestSeconds, limit: needs.maxUnsettled });
    },
  }),

  operation({
    id: 'readSaga',
    method: 'get',
    path: '/order/{id}/saga',
    tag,
    access: 'operator',
    summary: 'Read the state of the saga of an order',
    description: 'A saga is deleted some days after its end; its state is then `UNKNOWN`.',
    params: idParams('order'),
    responses: { 200: { description: 'The saga.', schema: sagaJson } },
    example: { params: { id: EXAMPLE_ORDER } },
    handle: async ({ params: { id }, response }) => {
      const { stateOf, traceOf, urlOf } = needs.inspection;
      const [state, trace] = await Promise.all([stateOf(id), traceOf(id)]);
      response.json({ state, url: urlOf(orderWorkflowId(id)), trace });
    },
  }),

  operation({
    id: 'listFailingSagas',
    method: 'get',
    path: '/failing-sagas',
    tag,
    access: 'operator',
    summary: 'List the sagas that cannot progress',
    description:
      'A saga cannot progress if its code fails on every run, or if one of its steps keeps failing. The 50 youngest order ' +
      'sagas and the 50 youngest refund sagas that have run for more than 30 seconds are examined; the answer is up to 15 ' +
      'seconds old.',
    responses: { 200: { description: 'The sagas.', schema: z.array(failingSagaJson) } },
    cost: 'list',
    example: {},
    handle: async ({ response }) => {
      const found = await needs.inspection.findFailing();
      response.json(
        found.map(({ workflowId, reason }) => ({ workflowId, reason, url: needs.inspection.urlOf(workflowId) })),
      );
    },
  }),

  operation({
    id: 'readStatistics',
    method: 'get',
    path: '/statistics',
    tag,
    access: 'operator',
    summary: 'Read statistics of the orders of a period',
    description:
      'Counts all orders that were placed in a window, by their outcome so far. A count is shared by all readers and kept for ' +
      '80 times as long as it took, at least 5 seconds; `to` is the time at which the count began. ' +
      'If it takes longer than 5 seconds, only the newest 10,000 orders are counted: `complete` is then false, and `from` is ' +
      'the time of the oldest of them.',
    query: z.object({
      window: z
        .enum(windows, { error: `must be one of ${windows.join(', ')}` })
        .default('24h')
        .meta({ description: 'The time that is covered; `24h` by default.' }),
    }),
    responses: { 200: { description: 'The statistics.', schema: statisticsJson } },
    cost: 'nothing', // one count serves all readers
    example: { query: { window: '24h' } },
    handle: async ({ query: { window }, response }) => {
      const { buckets, from, to, ...others } = await statistics.read(window);
      response.json({
        ...others,
        from: from.toISOString(),
        to: to.toISOString(),
        buckets: buckets.map(({ start, ...outcomes }) => ({ start: start.toISOString(), ...outcomes })),
      });
    },
  }),
];
