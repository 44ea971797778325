import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { OrdersClient } from '@shop/prisma/clients';
import { silentLog } from '../../test/silent-log';
import { EventFeed } from './event-feed';
import { BEGINNING } from './event-position';

test('subscribers that catch up leave connections of the database to other requests', async () => {
  let [running, most] = [0, 0];
  const present = { transactionId: 5n, eventId: 0n };
  const answer = { ...present, events: [], end: present, rewound: false }; // of each statement of the feed
  const read = async <T>(): Promise<T> => {
    most = Math.max(most, ++running);
    await delay(5);
    running--;
    return answer as T;
  };
  const feed = new EventFeed({ reads: { read }, database: {} as OrdersClient, log: silentLog });
  const closing = new AbortController();
  const subscribers = Array.from({ length: 20 }, () => ({
    orderId: null,
    position: BEGINNING,
    closed: closing.signal,
    catchUp: async () => undefined,
    receive: () => undefined,
    end: () => undefined,
  }));

  await Promise.all(subscribers.map((subscriber) => feed.follow(subscriber)));
  closing.abort();
  await feed.stop();

  expect(subscribers.map(({ position }) => position)).toEqual(subscribers.map(() => present));
  expect(most).toBeLessThanOrEqual(3); // two pages of the past, and the poll of new events
});
