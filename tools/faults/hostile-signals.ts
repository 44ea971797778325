import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { withDatabase } from '@shop/dev/with-database';
import { orderWorkflowId, PAYMENT_TASK_QUEUE, paymentSettled } from '@shop/workflows/contract';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { withTemporal } from './temporal-workflows';

const SEND_FOR_MS = 3_000;

const json = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const payload = (encoding: string, data: string): Payload => ({
  metadata: { encoding: Buffer.from(encoding) },
  data: Buffer.from(data),
});

/** Arguments that no signal and no workflow expects: missing, of other types, incomplete, or not decodable. */
const HOSTILE_ARGUMENTS: (() => Payload[])[] = [
  () => [],
  () => [json(null)],
  () => [json('paid')],
  () => [json([])],
  () => [json({ paymentId: 'abc' })],
  () => [json({ success: 'false' })],
  () => [json({ payment_id: randomUUID(), success: true, reason: '' })],
  () => [json({ paymentId: randomUUID(), success: 'false', reason: '' })],
  () => [json({ paymentId: randomUUID(), success: true, reason: { not: 'a text' } })],
  () => [payload('json/plain', '{"paymentId":')],
  () => [payload('binary/encrypted', 'secret')],
  () => [payload('json/plain', JSON.stringify({ paymentId: 'x'.repeat(100_000), success: true, reason: '' }))],
];

/**
 * Starts refunds with each list of invalid arguments, and sends up to `count` signals with them to running sagas.
 *
 * @returns the number of signals that Temporal accepted
 */
export async function sendHostileSignals(address: string, databaseUrl: string, count: number): Promise<number> {
  return withTemporal(address, async (client) => {
    for (const argumentsOf of HOSTILE_ARGUMENTS) await startRefund(client, argumentsOf());
    let sent = 0;
    for (const end = Date.now() + SEND_FOR_MS; Date.now() < end; await delay(20)) {
      for (const orderId of await unsettledOrders(databaseUrl)) {
        if (sent === count) return count;
        const argumentsOf = HOSTILE_ARGUMENTS[sent % HOSTILE_ARGUMENTS.length]!;
        if (await signal(client, orderWorkflowId(orderId), argumentsOf())) sent++;
      }
    }
    return sent;
  });
}

async function startRefund({ options, workflowService }: Client, payloads: Payload[]): Promise<void> {
  await workflowService.startWorkflowExecution({
    namespace: options.namespace,
    workflowId: `hostile-${randomUUID()}`,
    requestId: randomUUID(),
    workflowType: { name: 'refundPayment' },
    taskQueue: { name: PAYMENT_TASK_QUEUE },
    input: { payloads },
  });
}

/** Sends a signal. @returns false if the saga has ended or has not started */
async function signal({ options, workflowService }: Client, workflowId: string, payloads: Payload[]): Promise<boolean> {
  const { namespace } = options;
  const request = { namespace, workflowExecution: { workflowId }, signalName: paymentSettled.name };
  return workflowService.signalWorkflowExecution({ ...request, input: { payloads } }).then(
    () => true,
    () => false,
  );
}

async function unsettledOrders(databaseUrl: string): Promise<string[]> {
  const { rows } = await withDatabase(databaseUrl, (sql) =>
    sql.query<{ order_id: string }>(
      "SELECT order_id FROM orders WHERE order_status = 'placed' ORDER BY order_date DESC LIMIT 10",
    ),
  );
  return rows.map((row) => row.order_id);
}
