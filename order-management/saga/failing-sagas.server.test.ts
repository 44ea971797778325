import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ORDER_TASK_QUEUE, orderWorkflowId, PAYMENT_TASK_QUEUE, refundWorkflowId } from '@shop/workflows/contract';
import type { Client } from '@temporalio/client';
import { eventually } from '../../test/eventually';
import { anAnswer, anOrder, SagaWorkers } from '../../test/saga-workers';
import { findFailingSagas } from './failing-sagas';

let workers: SagaWorkers;

beforeAll(async () => {
  workers = await SagaWorkers.start('failing-sagas');
});
afterAll(() => workers.stop());

const temporal = { call: <T>(use: (one: Client) => Promise<T>): Promise<T> => use(workers.client) };
const find = () => findFailingSagas(temporal, 0);

test('finds a saga of which a step on the database fails again and again, until the step succeeds', async () => {
  const [order, waiting] = [anOrder(), anOrder()];
  workers.shop.onRequest(order, async () => anAnswer());
  workers.shop.failTimes(order, 'shipOrder', 1_000);
  const saga = await workers.start(order);
  const other = await workers.start(waiting); // waits for its payment

  await eventually(async () =>
    expect(await find()).toEqual([
      { workflowId: orderWorkflowId(order.orderId), reason: 'shipOrder fails because the test says so' },
    ]),
  );
  workers.shop.failTimes(order, 'shipOrder', 0);
  await saga.result();
  expect(await find()).toEqual([]);
  await other.terminate();
});

test('finds a refund that the payment service cannot pay back', async () => {
  const refund = { orderId: randomUUID(), paymentId: randomUUID() };
  workers.shop.failTimes(refund, 'refundPayment', 1_000);
  const workflowId = refundWorkflowId(refund);
  const saga = await workers.client.workflow.start('refundPayment', {
    workflowId,
    taskQueue: PAYMENT_TASK_QUEUE,
    args: [refund],
  });

  await eventually(
    async () =>
      expect(await find()).toEqual([
        { workflowId, reason: 'refundPayment: refundPayment fails because the test says so' },
      ]),
    30_000,
  );
  await saga.terminate();
});

test('finds a saga whose code fails', async () => {
  // The workflow of refunds does not run on this task queue: each workflow task fails, as with a defect of the code.
  const saga = await workers.client.workflow.start('refundPayment', {
    workflowId: 'refund-defect',
    taskQueue: ORDER_TASK_QUEUE,
    args: [{ orderId: randomUUID() }],
  });

  await eventually(
    async () =>
      expect(await find()).toEqual([
        { workflowId: 'refund-defect', reason: expect.stringMatching(/^The code of the saga fails: .*refundPayment/) },
      ]),
    60_000,
  );
  await saga.terminate();
});
