import type { OrdersClient } from '@shop/prisma/clients';
import { registerGauge } from '@shop/runtime/metrics';
import { OrderStatus } from './orders/order-status';
import { countRefundsDue } from './orders/refunds-due';
import { countOriginalOrders, countUnsettledOrders } from './orders/unsettled-orders';
import type { ReadClient } from './reads/read-client';

/** Requests that the service holds open. */
export interface HeldRequests {
  streams: { count: number };
  waits: { count: number };
}

/** Registers the service's own gauges: orders, refunds and requests in flight, and the state of the secondaries. */
export function registerOrderMetrics(
  database: OrdersClient,
  reads: Pick<ReadClient, 'secondaryStates'>,
  { streams, waits }: HeldRequests,
): void {
  registerGauge('held_requests', 'Requests held open: event streams, and waits for an order.', 'kind', async () => ({
    events: streams.count,
    wait: waits.count,
  }));
  registerGauge('orders_unsettled', 'Orders that are neither shipped nor cancelled.', 'status', async () => ({
    [OrderStatus.placed]: await countUnsettledOrders(database),
  }));
  registerGauge('orders_to_adopt', 'Orders that the original left placed and that are not adopted yet.', 'state', () =>
    countOriginalOrders(database),
  );
  registerGauge('refunds_due', 'Refunds that are not known to have ended.', 'state', async () => ({
    due: await countRefundsDue(database),
  }));
  registerGauge('secondary_usable', 'Whether reads may use a secondary: 1 or 0.', 'secondary', async () =>
    Object.fromEntries(reads.secondaryStates.map(({ name, usable }) => [name, Number(usable)])),
  );
  registerGauge('secondary_lag_seconds', 'Replication lag of a secondary, in seconds.', 'secondary', async () =>
    Object.fromEntries(
      reads.secondaryStates.flatMap(({ name, lagMs }) => (lagMs === null ? [] : [[name, lagMs / 1_000]])),
    ),
  );
}
