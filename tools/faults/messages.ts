import { randomUUID } from 'node:crypto';
import { parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT, type Route } from '@shop/amqp/topology';
import { withDatabase } from '@shop/dev/with-database';
import { connect, type ConfirmChannel, type GetMessage, type Options } from 'amqplib';
import { sample, shuffled } from './sampling';

const ROUTES = [PAYMENT_STAT, PROCESS_PAYMENT];
const CONNECT_TIMEOUT_MS = 5_000;

/** Uses the queues over a separate connection. */
async function withChannel<T>(amqpUrl: string, use: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await connect(amqpUrl, { timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined); // the operation in flight fails, too
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

/** Publishes the requests and answers of the last `count` payments again. @returns the number of messages */
export async function repeatMessages(databaseUrl: string, amqpUrl: string, count: number): Promise<number> {
  const { rows } = await withDatabase(databaseUrl, (sql) =>
    sql.query<{ order_id: string; customer_id: string; payment_id: string; amount: string; status: string }>(
      `SELECT order_id, customer_id, payment_id, amount, status FROM payments.payments
       WHERE status IN ('success', 'failed') ORDER BY paid_at DESC LIMIT $1`,
      [count],
    ),
  );
  await withChannel(amqpUrl, async (channel) => {
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

/** Puts up to `count` waiting payment requests back into their queue in another order. @returns the number of messages */
export async function reorderMessages(
  amqpUrl: string,
  { count, seed }: { count: number; seed: number },
): Promise<number> {
  return withChannel(amqpUrl, async (channel) => {
    const { queue } = PROCESS_PAYMENT;
    const received: GetMessage[] = [];
    while (received.length < count) {
      const message = await channel.get(queue);
      if (!message) break;
      received.push(message);
    }
    for (const { content } of sample(shuffled(received), { seed, count: 1 })[0] ?? []) {
      channel.sendToQueue(queue, content, { persistent: true });
    }
    await channel.waitForConfirms(); // before the originals are acknowledged, so that none is lost
    for (const message of received) channel.ack(message);
    return received.length;
  });
}

/**
 * Publishes messages that no service can handle: some are not JSON, some belong to no order.
 *
 * @returns the UUID that each message contains
 */
export async function publishInvalidMessages(amqpUrl: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count * 2 }, () => randomUUID());
  await withChannel(amqpUrl, async (channel) => {
    for (const [index, id] of ids.entries()) {
      const { exchange, routingKey } = index % 2 ? PROCESS_PAYMENT : PAYMENT_STAT;
      const ofNoOrder = JSON.stringify({ orderId: id, paymentId: randomUUID(), success: true });
      const content = Buffer.from(index % 4 ? `{ "orderId": "${id}` : ofNoOrder);
      channel.publish(exchange, routingKey, content, { persistent: true });
    }
    await channel.waitForConfirms();
  });
  return ids;
}

/**
 * Publishes messages that no service can handle, with properties that a broker acts on, or that cannot be sent again.
 *
 * @returns the UUID that each message contains
 */
export async function publishHostileMessages(amqpUrl: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  await withChannel(amqpUrl, async (channel) => {
    for (const { exchange, routingKey } of [PAYMENT_STAT, PROCESS_PAYMENT]) {
      for (const hostile of HOSTILE_PROPERTIES) {
        for (let left = count; left > 0; left--) {
          const id = randomUUID();
          ids.push(id);
          channel.publish(exchange, routingKey, Buffer.from(`not json ${id}`), { persistent: true, ...hostile });
        }
      }
    }
    await channel.waitForConfirms();
  });
  return ids;
}

const EVERY_KEY = ROUTES.map(({ routingKey }) => routingKey);
const HOSTILE_PROPERTIES: Options.Publish[] = [
  { headers: { CC: EVERY_KEY, BCC: EVERY_KEY } }, // the broker routes a copy by each of these keys
  // The codec takes an object with the key `!` for a typed value. This one is a table with such a key.
  { headers: { typed: { '!': 'object', value: { '!': 'unknown type', value: 1 } } } },
  { headers: { long: 'x'.repeat(65_000) } }, // leaves no space for further headers
  { expiration: '600000', replyTo: 'nobody', userId: 'guest', type: 'x'.repeat(255), priority: 9 },
  { messageId: 'x'.repeat(255), correlationId: 'x'.repeat(255), contentType: 'x'.repeat(255) },
  { headers: { 'x-delay': 1, 'x-death': [{ count: 99 }], 'x-tries': 'many', 'x-reason': { not: 'a text' } } },
];

/** Returns the contents of the messages in a queue of each route; the messages stay there. */
export async function messagesIn(amqpUrl: string, queueOf: (route: Route) => string): Promise<string[]> {
  return withChannel(amqpUrl, async (channel) => {
    const contents: string[] = [];
    for (const route of ROUTES) {
      for (let message = await channel.get(queueOf(route)); message; message = await channel.get(queueOf(route))) {
        contents.push(message.content.toString());
      }
    }
    return contents; // closing the channel requeues them
  });
}

/** Returns the contents of the parked messages. */
export const parkedMessages = (amqpUrl: string): Promise<string[]> => messagesIn(amqpUrl, parkedQueue);
