import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { OrdersClient } from '@shop/prisma/clients';
import { eventually } from '../../test/eventually';
import { silentLog } from '../../test/silent-log';
import { EventFeed, type Subscriber } from './event-feed';
import { BEGINNING } from './event-position';

const PRESENT = { transactionId: 5n, eventId: 0n };

const aSubscriber = (closed: AbortSignal, end = (): void => undefined): Subscriber => ({
  orderId: null,
  position: BEGINNING,
  closed,
  catchUp: async () => undefined,
  receive: () => undefined,
  end,
});

test('subscribers that catch up leave connections of the database to other requests', async () => {
  let [running, most] = [0, 0];
  const answer = { ...PRESENT, events: [], end: PRESENT, rewound: false }; // of each statement of the feed
  const read = async <T>(): Promise<T> => {
    most = Math.max(most, ++running);
    await delay(5);
    running--;
    return answer as T;
  };
  const feed = new EventFeed({ reads: { read }, database: {} as OrdersClient, log: silentLog });
  const closing = new AbortController();
  const subscribers = Array.from({ length: 20 }, () => aSubscriber(closing.signal));

  await Promise.all(subscribers.map((subscriber) => feed.follow(subscriber)));
  closing.abort();
  await feed.stop();

  expect(subscribers.map(({ position }) => position)).toEqual(subscribers.map(() => PRESENT));
  expect(most).toBeLessThanOrEqual(3); // two pages of the past, and the poll of new events
});

test('does not expect that the database still has what it returned when no subscriber was left', async () => {
  let isRead!: () => void;
  const readLate = new Promise<void>((resolve) => (isRead = resolve));
  let [pages, ended] = [0, false];
  const row = { horizon: '5', rewound: false, transaction_id: null, event_id: null };
  const $queryRaw = async ({ raw }: TemplateStringsArray, ...values: unknown[]): Promise<object[]> => {
    if (!raw.join('').includes('order_events')) return [row];
    if (++pages > 1) return [{ ...row, rewound: values.includes('3') }];
    await readLate;
    return [{ ...row, transaction_id: '2', event_id: '3' }];
  };
  const source = { $queryRaw } as unknown as OrdersClient;
  const feed = new EventFeed({
    reads: { read: (query) => query(source) },
    database: source,
    log: silentLog,
    pollIntervalMs: 5,
  });
  const [first, second] = [new AbortController(), new AbortController()];
  const followed = feed.follow(aSubscriber(first.signal));
  await eventually(() => expect(pages).toBeGreaterThan(2));

  first.abort();
  await delay(100); // until the feed no longer polls
  isRead();
  await followed;
  const before = pages;
  await feed.follow(aSubscriber(second.signal, () => (ended = true)));
  await eventually(() => expect(pages).toBeGreaterThan(before + 3));

  second.abort();
  await feed.stop();

  expect(ended).toBe(false);
});
