import { beforeEach, expect, test } from '@jest/globals';
import type { OrdersClient } from '@shop/prisma/clients';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { PaymentHandover } from '../saga/payment-handover';
import type { Acceptance } from './accept-order';
import { Backlog, BacklogFullError } from './backlog';

// Over a database that answers when the test wants, and a system that settles orders unless the test says otherwise.
const LIMIT = 3;
const ACCEPTED = { accepted: true } as Acceptance;
const REFUSED: Acceptance = { accepted: false, why: 'unknown customer' };

let looks: { answer: (count: number) => void; fail: () => void }[];
let handover: PaymentHandover;
let backlog: Backlog;
beforeEach(() => {
  looks = [];
  const database = {
    $queryRaw: () =>
      new Promise((resolve, reject) => {
        looks.push({ answer: (count) => resolve([{ count }]), fail: () => reject(new Error('away')) });
      }),
  };
  handover = new PaymentHandover();
  handover.tellSettled('one', { orderStatus: 'shipped', paymentStatus: 'success', paymentId: randomUUID() });
  backlog = new Backlog(database as unknown as OrdersClient, LIMIT, handover);
});

const admit = (outcome = ACCEPTED): Promise<Acceptance> => backlog.admit(async () => outcome);
/** Admits one, and answers the look that comes with it. */
async function look(count: number, outcome = ACCEPTED): Promise<void> {
  await admit(outcome);
  looks.at(-1)?.answer(count);
  await delay(0);
}

test('refuses what goes beyond the limit: what was counted, accepted since, and is being accepted', async () => {
  await look(1, REFUSED);
  await admit();
  void backlog.admit(() => new Promise(() => undefined));

  await expect(admit()).rejects.toThrow(BacklogFullError);
});

test('counts no order that was refused, or failed', async () => {
  await look(LIMIT - 1, REFUSED);
  await admit(REFUSED);
  await expect(backlog.admit(() => Promise.reject(new Error('as the test wants')))).rejects.toThrow('as the test');

  await expect(admit()).resolves.toBe(ACCEPTED);
  await expect(admit()).rejects.toThrow(BacklogFullError);
});

test('keeps what it accepted while it looked, and looks once at a time', async () => {
  await admit();
  await admit();
  looks.at(0)?.answer(1);
  await delay(0);

  await expect(admit()).rejects.toThrow(BacklogFullError);
  expect(looks).toHaveLength(1);
});

test('forgets what it accepted before it looked', async () => {
  await look(0);
  await admit();
  await delay(550);
  await look(0, REFUSED);

  await expect(Promise.all([admit(), admit(), admit()])).resolves.toHaveLength(LIMIT);
});

test('refuses nobody for what it saw long ago: it waits for a new look', async () => {
  await look(LIMIT);
  await delay(1_050);

  const admitted = [admit(), admit()];
  await delay(10);
  looks.at(1)?.answer(LIMIT - 1);

  const outcomes = await Promise.allSettled(admitted);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(looks).toHaveLength(2);
});

test('accepts on where the database does not say: accepting tells', async () => {
  await admit();
  looks.at(0)?.fail();
  await delay(0);

  await expect(admit()).resolves.toBe(ACCEPTED);
});

test.each([
  ['nothing', null],
  ['a customer who cancels', { orderStatus: 'cancelled', paymentStatus: 'cancelled', paymentId: null } as const],
])('accepts orders however many wait where %s is all that settles orders', async (_, settlement) => {
  handover = new PaymentHandover();
  if (settlement) handover.tellSettled('one', settlement);
  backlog = new Backlog({ $queryRaw: async () => [{ count: LIMIT }] } as unknown as OrdersClient, LIMIT, handover);
  await admit();

  for (let i = 0; i < 2 * LIMIT; i++) await expect(admit()).resolves.toBe(ACCEPTED);
});

test('hears whether a payment has settled an order lately', async () => {
  expect(handover.hasSettledWithin(1_000)).toBe(true);
  await delay(20);
  expect(handover.hasSettledWithin(10)).toBe(false);
});

test('sees a rush where several customers wait at once, and for a moment after', async () => {
  backlog = new Backlog({ $queryRaw: async () => [{ count: 0 }] } as unknown as OrdersClient, 100, handover);
  await Promise.all([admit(), admit(), admit()]);
  expect(backlog.isRush).toBe(false);

  await Promise.all([admit(), admit(), admit(), admit()]);
  expect(backlog.isRush).toBe(true);
  await delay(150);
  expect(backlog.isRush).toBe(false);
});
