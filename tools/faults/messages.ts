import { randomUUID } from 'node:crypto';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT, type Route } from '@shop/amqp/topology';
import { connect, type ConfirmChannel, type GetMessage } from 'amqplib';
import { withDatabase } from '@shop/dev/with-database';
import type { Random } from './random';

const ROUTES = [PAYMENT_STAT, PROCESS_PAYMENT];

/** Does something with the queues, as any program could. */
export async function withQueues<T>(amqpUrl: string, use: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await connect(amqpUrl, { timeout: 5_000 });
  connection.on('error', () => undefined); // whoever waits for an answer hears of it
  try {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    const result = await use(channel);
    await channel.close();
    return result;
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/** Sends messages once more that were sent before: answers of payments, and requests for them. @returns how many */
export async function repeatMessages(databaseUrl: string, amqpUrl: string, count: number): Promise<number> {
  const { rows } = await withDatabase(databaseUrl, (sql) =>
    sql.query<{ order_id: string; customer_id: string; payment_id: string; amount: string; status: string }>(
      `SELECT order_id, customer_id, payment_id, amount, status FROM payments.payments
       WHERE status IN ('success', 'failed') ORDER BY paid_at DESC LIMIT $1`,
      [count],
    ),
  );
  await withQueues(amqpUrl, async (channel) => {
    for (const { order_id: orderId, customer_id: customerId, payment_id: paymentId, amount, status } of rows) {
      const request = { orderId, customerId, totalAmount: Number(amount) };
      const answer = { ...request, paymentId, success: status === 'success', reason: '', paidAt: new Date() };
      for (const [{ exchange, routingKey }, message] of [
        [PROCESS_PAYMENT, request],
        [PAYMENT_STAT, answer],
      ] as const) {
        channel.publish(exchange, routingKey, Buffer.from(JSON.stringify(message)), { persistent: true });
      }
    }
    await channel.waitForConfirms();
  });
  return rows.length * 2;
}

/** Takes waiting requests for payments off their queue, and puts them back in another order. @returns how many */
export async function reorderMessages(amqpUrl: string, count: number, random: Random): Promise<number> {
  return withQueues(amqpUrl, async (channel) => {
    const { queue } = PROCESS_PAYMENT;
    const taken: GetMessage[] = [];
    while (taken.length < count) {
      const message = await channel.get(queue);
      if (!message) break;
      taken.push(message);
    }
    for (const { content } of random.shuffled(taken)) channel.sendToQueue(queue, content, { persistent: true });
    await channel.waitForConfirms(); // there again before they are gone
    for (const message of taken) channel.ack(message);
    return taken.length;
  });
}

/** Sends what nobody can handle. @returns what marks each of them */
export async function sendNonsense(amqpUrl: string, count: number): Promise<string[]> {
  const marks = Array.from({ length: count * 2 }, () => randomUUID());
  await withQueues(amqpUrl, async (channel) => {
    for (const [index, mark] of marks.entries()) {
      const { exchange, routingKey } = index % 2 ? PROCESS_PAYMENT : PAYMENT_STAT;
      const ofNoOrder = JSON.stringify({ orderId: mark, paymentId: randomUUID(), success: true });
      channel.publish(exchange, routingKey, Buffer.from(index % 4 ? `{ "orderId": "${mark}` : ofNoOrder), {
        persistent: true,
      });
    }
    await channel.waitForConfirms();
  });
  return marks;
}

/** The messages that lie in a queue; they stay there. */
export async function waitingIn(amqpUrl: string, queueOf: (route: Route) => string): Promise<string[]> {
  return withQueues(amqpUrl, async (channel) => {
    const contents: string[] = [];
    for (const route of ROUTES) {
      for (let message = await channel.get(queueOf(route)); message; message = await channel.get(queueOf(route))) {
        contents.push(message.content.toString());
      }
    }
    return contents; // the channel's end gives them back
  });
}

/** The messages that are parked. */
export const parkedIn = (amqpUrl: string): Promise<string[]> => waitingIn(amqpUrl, parkedQueue);
