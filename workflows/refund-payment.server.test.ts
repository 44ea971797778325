import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SagaWorkers } from '../test/saga-workers';
import { refundWorkflowId, type RefundInput } from './contract';

// Tests the refund on a real Temporal server. The tests of the activities cover their effects on a database.
let sagas: SagaWorkers;
beforeAll(async () => {
  sagas = await SagaWorkers.start('refund-payment');
});
afterAll(() => sagas.stop());

const aRefund = (more: Partial<RefundInput> = {}): Required<Omit<RefundInput, 'reason'>> & RefundInput => ({
  orderId: randomUUID(),
  paymentId: randomUUID(),
  ...more,
});

test('refunds a payment, then records it with the order', async () => {
  const refund = aRefund();

  await sagas.startRefund(refund);

  expect(sagas.shop.callsFor(refund)).toEqual(['refundPayment', `recordRefund ${refund.paymentId}`]);
  await sagas.recordHistory(refundWorkflowId(refund), 'refund-is-recorded-with-its-order');
});

test('records that nothing was charged', async () => {
  const { orderId } = aRefund();
  sagas.shop.onRefund({ orderId }, { paymentId: null });

  await sagas.startRefund({ orderId });

  expect(sagas.shop.callsFor({ orderId })).toEqual(['refundPayment', 'recordRefund of nothing']);
  await sagas.recordHistory(refundWorkflowId({ orderId }), 'refund-of-an-order-that-was-not-charged');
});

test('records which payment of the order was refunded', async () => {
  const { orderId, paymentId } = aRefund();
  sagas.shop.onRefund({ orderId }, { paymentId });

  await sagas.startRefund({ orderId });

  expect(sagas.shop.callsFor({ orderId })).toEqual(['refundPayment', `recordRefund ${paymentId}`]);
});

test('records the payment that it names if a payment service of version 1.0.0 reports no result', async () => {
  const refund = aRefund();
  sagas.shop.onRefund(refund, undefined);

  await sagas.startRefund(refund);

  expect(sagas.shop.callsFor(refund)).toEqual(['refundPayment', `recordRefund ${refund.paymentId}`]);
});

test('records no payment of an order if a payment service of version 1.0.0 reports no result', async () => {
  const { orderId } = aRefund();
  sagas.shop.onRefund({ orderId }, undefined);

  await sagas.startRefund({ orderId });

  expect(sagas.shop.callsFor({ orderId })).toEqual(['refundPayment', 'recordRefund of nothing']);
});

test('refunds the payment once, however often the record fails', async () => {
  const refund = aRefund();
  sagas.shop.failTimes(refund, 'recordRefund', 2);

  await sagas.startRefund(refund);

  expect(sagas.shop.callsFor(refund)).toEqual(['refundPayment', `recordRefund ${refund.paymentId}`]);
});

test('shows who requested it and why, without the Markdown of the reason', async () => {
  const reason = `**Damaged** on arrival, ${'says the customer, '.repeat(40)}`;
  const refund = aRefund({ reason });

  await sagas.startRefund(refund);

  const { staticSummary, staticDetails } = await sagas.descriptionOf(refundWorkflowId(refund)).then((description) =>
    Promise.all([description.staticSummary(), description.staticDetails()]).then(([summary, details]) => ({
      staticSummary: summary,
      staticDetails: details,
    })),
  );
  expect(staticSummary).toMatch(
    `Refund payment ${refund.paymentId}, requested by hand: **Damaged** on arrival, says the customer`,
  );
  expect(staticDetails).toContain(String.raw`Requested by hand: “\*\*Damaged\*\* on arrival`);
  await sagas.recordHistory(refundWorkflowId(refund), 'refund-by-hand');
});
