import type { OrdersClient } from '@shop/prisma/clients';
import { EventFeed } from '@shop/order-management/events/event-feed';
import { EventStreams, type EventStreamsOptions } from '@shop/order-management/http/event-streams';
import { SettlementWaits } from '@shop/order-management/orders/settlement-waits';
import { ReadClient } from '@shop/order-management/reads/read-client';
import { consoleNeeds } from './console-needs';
import { silentLog } from './silent-log';

/** Creates what an order service needs so that clients can follow orders and the console can be used. */
export function following(
  database: OrdersClient,
  {
    reads = new ReadClient(database),
    maxWaits = 1_000,
    ...streams
  }: { reads?: Pick<ReadClient, 'read'>; maxWaits?: number } & Omit<EventStreamsOptions, 'feed'> = {},
) {
  const feed = new EventFeed({ reads, database, log: silentLog });
  return {
    ...consoleNeeds,
    feed,
    streams: new EventStreams({ feed, ...streams }),
    waits: new SettlementWaits({ reads, log: silentLog, maxWaits }),
    sagaUrl: (orderId: string) => `http://localhost:8233/${orderId}`,
  };
}
