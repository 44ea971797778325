import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { anAnswer, anOrder, SagaWorkers } from '../test/saga-workers';
import {
  cancelRequested,
  ORDER_TASK_QUEUE,
  orderWorkflowId,
  PAYMENT_TASK_QUEUE,
  paymentSettled,
  sagaStatus,
  type PlaceOrderInput,
} from './contract';

// Any client of Temporal can send any payload. None may fail a workflow task, because Temporal retries it forever.
type Payload = temporal.api.common.v1.IPayload;

const payload = (encoding: string | null, data: string | null): Payload => ({
  ...(encoding === null ? {} : { metadata: { encoding: Buffer.from(encoding) } }),
  ...(data === null ? {} : { data: Buffer.from(data) }),
});
const UNDECODABLE: [string, Payload][] = [
  ['invalid JSON', payload('json/plain', 'not json')],
  ['JSON without data', payload('json/plain', null)],
  ['an unknown encoding', payload('binary/encrypted', '\u0001\u0002')],
  ['an encoding of another SDK', payload('json/protobuf', '{}')],
  ['no encoding', payload(null, '{}')],
];

let sagas: SagaWorkers;
beforeAll(async () => {
  sagas = await SagaWorkers.start('hostile-input');
});
afterAll(() => sagas.stop());

/** Starts a workflow with payloads as they are. */
async function startRaw(
  workflow: 'placeOrder' | 'refundPayment',
  input: Payload[],
  memo: Record<string, Payload> = {},
  workflowId = `hostile-${randomUUID()}`,
) {
  await sagas.client.workflowService.startWorkflowExecution({
    namespace: sagas.namespace,
    requestId: randomUUID(),
    workflowId,
    workflowType: { name: workflow },
    taskQueue: { name: workflow === 'placeOrder' ? ORDER_TASK_QUEUE : PAYMENT_TASK_QUEUE },
    input: { payloads: input },
    memo: { fields: memo },
  });
  return sagas.client.workflow.getHandle(workflowId);
}

/** Runs a saga that gets an input while it waits for its payment, and is then paid. */
async function paidAfter(act: (order: PlaceOrderInput) => Promise<unknown>): Promise<void> {
  const order = anOrder();
  const saga = await sagas.start(order);
  await sagas.shop.waitForCall(order, 'requestPayment');
  await act(order);
  await saga.signal(paymentSettled, anAnswer());

  await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'shipped' });
  expect(await sagas.countFailedTasks(saga.workflowId)).toBe(0);
}

const handleOf = ({ orderId }: PlaceOrderInput) => sagas.client.workflow.getHandle(orderWorkflowId(orderId));

describe.each(UNDECODABLE)('%s', (_, undecodable) => {
  test.each([
    ['placeOrder', 'Invalid input of placeOrder: orderId must be a UUID.'],
    ['refundPayment', 'Invalid input of refundPayment: orderId must be a UUID.'],
  ] as const)('as the input of %s fails the workflow', async (workflow, message) => {
    const started = await startRaw(workflow, [undecodable]);

    const failure = await started.result().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect(String((failure as WorkflowFailedError).cause)).toContain(message);
    expect(await sagas.countFailedTasks(started.workflowId)).toBe(0);
  });

  test('as a payment answer is ignored', () =>
    paidAfter((order) => sagas.signalPayload(order, paymentSettled.name, undecodable)));

  test('as the input of a cancel, which has none, does not prevent the cancel', async () => {
    const order = anOrder();
    const saga = await sagas.start(order);
    await sagas.shop.waitForCall(order, 'requestPayment');
    await sagas.signalPayload(order, cancelRequested.name, undecodable);

    await expect(saga.result()).resolves.toMatchObject({ cancellation: { code: 'customer-cancelled' } });
  });

  test('as the input of a query or an update leaves the saga as it is', () =>
    paidAfter(async (order) => {
      const execution = { workflowId: orderWorkflowId(order.orderId) };
      const { namespace, client } = sagas;
      const query = { queryType: sagaStatus.name, queryArgs: { payloads: [undecodable] } };
      const { queryResult } = await client.workflowService.queryWorkflow({ namespace, execution, query });
      expect((queryResult?.payloads ?? []).map((one) => defaultPayloadConverter.fromPayload(one))).toMatchObject([
        { stage: 'awaiting payment' },
      ]);
      await client.workflowService.updateWorkflowExecution({
        namespace,
        workflowExecution: execution,
        waitPolicy: { lifecycleStage: 3 },
        request: { meta: { updateId: randomUUID() }, input: { name: 'settle', args: { payloads: [undecodable] } } },
      });
    }));

  test('in the memo of a saga does not matter', async () => {
    const order = anOrder();
    sagas.shop.onRequest(order, async () => anAnswer());
    const input = [defaultPayloadConverter.toPayload(order)];
    const saga = await startRaw('placeOrder', input, { note: undecodable }, orderWorkflowId(order.orderId));

    await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'shipped' });
  });
});

test.each([
  ['orderId must be a UUID', { orderId: 'one' }],
  ['orderId must be a UUID', null],
  ['paymentId must be a UUID or absent', { orderId: randomUUID(), paymentId: '' }],
  ['paymentId must be a UUID or absent', { orderId: randomUUID(), paymentId: { any: 'value' } }],
  ['reason must be a text or absent', { orderId: randomUUID(), paymentId: randomUUID(), reason: 7 }],
])('refundPayment fails and says: %s', async (problem, input) => {
  const refund = await startRaw('refundPayment', [defaultPayloadConverter.toPayload(input)]);

  const failure = await refund.result().catch((error: unknown) => error);
  expect(String((failure as WorkflowFailedError).cause)).toContain(`Invalid input of refundPayment: ${problem}.`);
});

test('a query or an update that the saga does not know is refused', () =>
  paidAfter(async (order) => {
    await expect(handleOf(order).query('settle')).rejects.toThrow(/did not register a handler for settle/);
    await expect(handleOf(order).executeUpdate('settle')).rejects.toThrow(WorkflowUpdateFailedError);
  }));

test('a payload of nearly 2 MB, the most that the server accepts, is ignored', () =>
  paidAfter((order) =>
    handleOf(order).signal(paymentSettled.name, { paymentId: 'x'.repeat(1_900_000), success: true }),
  ));

test('answers beyond 500 are ignored, so that the saga settles and starts a bounded number of refunds', async () => {
  const order = anOrder();
  sagas.shop.failTimes(order, 'cancelOrder', Infinity); // the saga waits until the test ends it
  const saga = await sagas.start(order);
  const answers = Array.from({ length: 1_000 }, () => anAnswer({ success: false, reason: 'no' }));
  for (let at = 0; at < answers.length; at += 50) {
    await Promise.all(answers.slice(at, at + 50).map((answer) => saga.signal(paymentSettled, answer)));
  }
  sagas.shop.failTimes(order, 'cancelOrder', 0);

  await expect(saga.result()).resolves.toMatchObject({ orderStatus: 'cancelled', paymentStatus: 'failed' });
  const status = await saga.query(sagaStatus);
  expect(status.answers).toHaveLength(500);
  expect(status.timeline.length).toBeLessThanOrEqual(100);
  expect(status.timeline).toContainEqual(expect.objectContaining({ step: 'Answer ignored' }));
  expect(await sagas.countFailedTasks(saga.workflowId)).toBe(0);
});
