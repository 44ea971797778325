import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectPayments, type PaymentsClient } from '@shop/prisma/clients';
import type { PaymentRequest } from '@shop/workflows/contract';
import { createShopDatabase } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { charged } from '../../test/charged';
import { createPaymentActivities } from '../saga/activities';
import { Ledger } from './ledger';

let server: Awaited<ReturnType<typeof createShopDatabase>>;
let database: PaymentsClient;
let ledger: Ledger;

beforeAll(async () => {
  server = await createShopDatabase('payments');
  database = connectPayments(server.paymentsUrl, { poolSize: 10 });
  ledger = new Ledger(database, silentLog);
});
afterAll(async () => {
  await database.$disconnect();
  await server.drop();
});

const aRequest = (more: Partial<PaymentRequest> = {}): PaymentRequest => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  totalAmount: '90.00',
  ...more,
});

/** Charges an order, and expects that the request contradicts no earlier one. */
const charge = (request: PaymentRequest) => ledger.charge(request).then(charged);

const paymentsOf = ({ orderId }: PaymentRequest) => database.payment.findMany({ where: { orderId } });

const statusOf = async (request: PaymentRequest): Promise<string | undefined> =>
  (await paymentsOf(request)).at(0)?.status;

describe('a charge', () => {
  test('succeeds, and is stored as it is returned', async () => {
    const request = aRequest({ totalAmount: '12.34' });

    const answer = await charge(request);

    expect(answer).toMatchObject({ success: true, reason: '' });
    const { paymentId, paidAt } = answer;
    const stored = { orderId: request.orderId, customerId: request.customerId, paymentId, paidAt, status: 'success' };
    expect(await paymentsOf(request)).toEqual([expect.objectContaining(stored)]);
    expect(String((await paymentsOf(request)).at(0)?.amount)).toBe('12.34');
  });

  test('has the correct time in any time zone of the database', async () => {
    const name = new URL(server.paymentsUrl).pathname.slice(1);
    await database.$executeRawUnsafe(`ALTER DATABASE "${name}" SET timezone TO 'America/New_York'`);
    const elsewhere = connectPayments(server.paymentsUrl, { poolSize: 1 }); // new sessions use the new time zone

    const { paidAt } = await new Ledger(elsewhere, silentLog).charge(aRequest()).then(charged);
    await elsewhere.$disconnect();

    expect(Math.abs(Date.now() - Number(paidAt))).toBeLessThan(60_000);
  });

  test('of exactly $1000 succeeds', async () => {
    expect(await charge(aRequest({ totalAmount: '1000.00' }))).toMatchObject({ success: true, reason: '' });
  });

  test('of $1000.01 is declined, and has a payment id', async () => {
    const request = aRequest({ totalAmount: '1000.01' });

    expect(await charge(request)).toMatchObject({
      success: false,
      reason: 'total amount over $1000',
      paymentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(await statusOf(request)).toBe('failed');
  });

  test.each(['90.00', '1000.01'])('of $%s that is repeated returns the same result', async (totalAmount) => {
    const request = aRequest({ totalAmount });
    const first = await charge(request);

    expect(await charge(request)).toEqual(first);
  });

  test('that is requested 20 times concurrently creates one payment', async () => {
    const request = aRequest();

    const answers = await Promise.all(Array.from({ length: 20 }, () => charge(request)));

    expect(answers).toEqual(answers.map(() => answers[0]));
    expect(await paymentsOf(request)).toHaveLength(1);
  });
});

describe('a charge of another amount or customer than the first one of its order', () => {
  test.each<[string, Partial<PaymentRequest>]>([
    ['amount', { totalAmount: '0.01' }],
    ['customer', { customerId: randomUUID() }],
  ])('is a contradiction, and changes nothing: another %s', async (_, other) => {
    const request = aRequest();
    const first = await charge(request);
    const stored = await paymentsOf(request);

    expect(await ledger.charge({ ...request, ...other })).toEqual({
      contradiction: expect.stringContaining(`order ${request.orderId} has a payment of `),
    });

    expect(await paymentsOf(request)).toEqual(stored);
    expect(await charge(request)).toEqual(first);
  });

  test('is declined if the order was cancelled before its first charge: a void payment has no amount', async () => {
    const request = aRequest();
    await ledger.refund({ orderId: request.orderId });

    expect(await charge({ ...request, totalAmount: '0.01' })).toMatchObject({ success: false });
    expect(await charge(request)).toMatchObject({ success: false });
  });

  test('fails the activity without a retry', async () => {
    const activities = createPaymentActivities({ ledger });
    const request = aRequest();
    await activities.processPayment(request);

    await expect(activities.processPayment({ ...request, totalAmount: '0.01' })).rejects.toMatchObject({
      nonRetryable: true,
      type: 'ContradictoryRequest',
    });
  });
});

describe('a refund', () => {
  test('refunds the payment; a later charge is declined with this reason', async () => {
    const request = aRequest();
    const { paymentId } = await charge(request);

    expect(await ledger.refund({ orderId: request.orderId, paymentId })).toEqual({ paymentId });

    expect(await statusOf(request)).toBe('refunded');
    expect(await charge(request)).toMatchObject({ success: false, reason: 'payment was refunded', paymentId });
  });

  test('that is repeated changes nothing', async () => {
    const request = aRequest();
    const { paymentId } = await charge(request);
    await ledger.refund({ orderId: request.orderId, paymentId });
    const refunded = await paymentsOf(request);

    expect(await ledger.refund({ orderId: request.orderId, paymentId })).toEqual({ paymentId });

    expect(await paymentsOf(request)).toEqual(refunded);
  });

  test('of a declined payment leaves it declined', async () => {
    const request = aRequest({ totalAmount: '1000.01' });
    const declined = await charge(request);

    const refund = { orderId: request.orderId, paymentId: declined.paymentId };
    expect(await ledger.refund(refund)).toEqual({ paymentId: null });

    expect(await charge(request)).toEqual(declined);
  });

  test('of an unknown payment fails and names the payment', async () => {
    const paymentId = randomUUID();
    await expect(ledger.refund({ orderId: randomUUID(), paymentId })).rejects.toThrow(paymentId);
  });

  test('does not refund the payment of another order', async () => {
    const request = aRequest();
    const { paymentId } = await charge(request);

    await expect(ledger.refund({ orderId: randomUUID(), paymentId })).rejects.toThrow(paymentId);
    expect(await statusOf(request)).toBe('success');
  });
});

describe('a refund without a payment id', () => {
  test('refunds the payment of the order', async () => {
    const request = aRequest();
    const { paymentId } = await charge(request);

    expect(await ledger.refund({ orderId: request.orderId })).toEqual({ paymentId });

    expect(await statusOf(request)).toBe('refunded');
  });

  test('of an order without a payment makes every later charge fail', async () => {
    const request = aRequest();

    expect(await ledger.refund({ orderId: request.orderId })).toEqual({ paymentId: null });

    const answer = { success: false, reason: 'order was cancelled before it was paid' };
    expect(await charge(request)).toMatchObject(answer);
    expect(await statusOf(request)).toBe('void');
  });

  test.each(['90.00', '1000.01'])('that is repeated after a charge of $%s changes nothing', async (totalAmount) => {
    const request = aRequest({ totalAmount });
    await charge(request);
    await ledger.refund({ orderId: request.orderId });
    const once = await paymentsOf(request);
    const refunded = await ledger.refund({ orderId: request.orderId });

    expect(refunded).toEqual({ paymentId: once[0]?.status === 'refunded' ? once[0].paymentId : null });

    expect(await paymentsOf(request)).toEqual(once);
  });

  test('during a charge leaves the order uncharged, whichever of the two completes first', async () => {
    for (let round = 0; round < 10; round++) {
      const request = aRequest();

      const [payment] = await Promise.all([charge(request), ledger.refund({ orderId: request.orderId })]);

      expect(await statusOf(request)).toBe(payment.success ? 'refunded' : 'void');
      expect(await charge(request)).toMatchObject({ success: false, paymentId: payment.paymentId });
    }
  });
});

test('each payment is logged once: taken, declined, refunded or void', async () => {
  const lines: string[] = [];
  const logged = new Ledger(database, { info: (_fields: object, message?: string) => void lines.push(message ?? '') });
  const [paid, declined, unpaid] = [aRequest(), aRequest({ totalAmount: '1000.01' }), aRequest()];

  for (const request of [paid, paid, declined, declined]) await logged.charge(request);
  for (const { orderId } of [paid, paid, unpaid, unpaid]) await logged.refund({ orderId });

  expect(lines).toEqual(['payment taken', 'payment declined', 'payment refunded', 'payment void']);
});
