import { beforeEach, expect, test } from '@jest/globals';
import type { OrdersClient } from '@shop/prisma/clients';
import { setTimeout as delay } from 'node:timers/promises';
import type { Acceptance } from './accept-order';
import { Backlog, BacklogFullError } from './backlog';

// Each test decides when the database answers. By default, payments settle orders.
const LIMIT = 3;
const ACCEPTED = { accepted: true } as Acceptance;
const REFUSED: Acceptance = { accepted: false, why: 'unknown customer' };

let counts: { answer: (count: number) => void; fail: () => void }[];
let paysOrders: boolean;
let backlog: Backlog;
beforeEach(() => {
  counts = [];
  const database = {
    $queryRaw: () =>
      new Promise((resolve, reject) => {
        counts.push({ answer: (count) => resolve([{ count }]), fail: () => reject(new Error('unavailable')) });
      }),
  };
  paysOrders = true;
  backlog = new Backlog(database as unknown as OrdersClient, LIMIT, { hasPaidWithin: () => paysOrders });
});

const admit = (outcome = ACCEPTED): Promise<Acceptance> => backlog.admit(async () => outcome);
/** Admits an order, which starts a count, and then answers that count. */
async function countOf(count: number, outcome = ACCEPTED): Promise<void> {
  await admit(outcome);
  counts.at(-1)?.answer(count);
  await delay(0);
}

test('refuses orders beyond the limit: counts stored orders, newly accepted ones and those being accepted', async () => {
  await countOf(1, REFUSED);
  await admit();
  void backlog.admit(() => new Promise(() => undefined));

  await expect(admit()).rejects.toThrow(BacklogFullError);
});

test('does not count an order that was refused or that failed', async () => {
  await countOf(LIMIT - 1, REFUSED);
  await admit(REFUSED);
  await expect(backlog.admit(() => Promise.reject(new Error('failed by the test')))).rejects.toThrow(
    'failed by the test',
  );

  await expect(admit()).resolves.toBe(ACCEPTED);
  await expect(admit()).rejects.toThrow(BacklogFullError);
});

test('adds the orders accepted during a count, and runs one count at a time', async () => {
  await admit();
  await admit();
  counts.at(0)?.answer(1);
  await delay(0);

  await expect(admit()).rejects.toThrow(BacklogFullError);
  expect(counts).toHaveLength(1);
});

test('does not add orders that were accepted before a count to that count', async () => {
  await countOf(0);
  await admit();
  await delay(550);
  await countOf(0, REFUSED);

  await expect(Promise.all([admit(), admit(), admit()])).resolves.toHaveLength(LIMIT);
});

test('waits for a new count instead of refusing an order by an outdated count', async () => {
  await countOf(LIMIT);
  await delay(1_050);

  const admitted = [admit(), admit()];
  await delay(10);
  counts.at(1)?.answer(LIMIT - 1);

  const outcomes = await Promise.allSettled(admitted);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(counts).toHaveLength(2);
});

test('accepts orders if the count fails', async () => {
  await admit();
  counts.at(0)?.fail();
  await delay(0);

  await expect(admit()).resolves.toBe(ACCEPTED);
});

test('accepts orders beyond the limit while payments settle no orders', async () => {
  paysOrders = false;
  await countOf(LIMIT);

  for (let i = 0; i < 2 * LIMIT; i++) await expect(admit()).resolves.toBe(ACCEPTED);
});
