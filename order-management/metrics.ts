import type { OrdersClient } from '@shop/prisma/clients';
import { registerGauge, registerValue } from '@shop/runtime/metrics';
import { shareReads } from '@shop/runtime/share-reads';
import { OrderStatus } from './orders/order-status';
import { summarizeRefundsDue } from './orders/refunds-due';
import { summarizeUnsettledOrders } from './orders/unsettled-orders';
import type { ReadClient } from './reads/read-client';

export interface OrderMetricsNeeds {
  database: OrdersClient;
  reads: Pick<ReadClient, 'secondaryStates'>;
  /** The limit `MAX_UNSETTLED`. */
  maxUnsettled: number;
  /** Requests that the service holds open. */
  streams: { count: number };
  waits: { count: number };
}

/** Registers the service's own gauges: orders, refunds and requests in flight, and the state of the secondaries. */
export function registerOrderMetrics({ database, reads, maxUnsettled, streams, waits }: OrderMetricsNeeds): void {
  registerGauge('held_requests', 'Requests held open: event streams, and waits for an order.', 'kind', async () => ({
    events: streams.count,
    wait: waits.count,
  }));
  const unsettled = shareReads(() => summarizeUnsettledOrders(database));
  registerGauge('orders_unsettled', 'Orders that are neither shipped nor cancelled.', 'status', async () => ({
    [OrderStatus.placed]: (await unsettled()).count,
  }));
  registerGauge(
    'orders_to_adopt',
    'Orders that the original left placed and that are not adopted yet.',
    'state',
    async () => {
      const { held, released } = await unsettled();
      return { held, released };
    },
  );
  registerValue(
    'oldest_unsettled_order_age_seconds',
    'Age of the oldest order that is neither shipped nor cancelled, in seconds; 0 if there is none.',
    async () => (await unsettled()).oldestSeconds,
  );
  registerValue(
    'unsettled_orders_limit',
    'How many orders may be unsettled; further ones are rejected.',
    async () => maxUnsettled,
  );
  const refunds = shareReads(() => summarizeRefundsDue(database));
  registerGauge('refunds_due', 'Refunds that are not known to have ended.', 'state', async () => ({
    due: (await refunds()).count,
  }));
  registerValue(
    'oldest_refund_due_age_seconds',
    'Age of the oldest refund that is not known to have ended, in seconds; 0 if there is none.',
    async () => (await refunds()).oldestSeconds,
  );
  registerGauge('secondary_usable', 'Whether reads may use a secondary: 1 or 0.', 'secondary', async () =>
    Object.fromEntries(reads.secondaryStates.map(({ name, usable }) => [name, Number(usable)])),
  );
  registerGauge('secondary_lag_seconds', 'Replication lag of a secondary, in seconds.', 'secondary', async () =>
    Object.fromEntries(
      reads.secondaryStates.flatMap(({ name, lagMs }) => (lagMs === null ? [] : [[name, lagMs / 1_000]])),
    ),
  );
}
