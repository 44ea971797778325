import type { Channel } from 'amqplib';

/** The exchange, queue and routing key of one kind of message, named as in the original system. */
export interface Route {
  exchange: string;
  queue: string;
  routingKey: string;
}

/** Payment requests, from the order service to the payment service. */
export const PROCESS_PAYMENT: Route = {
  exchange: 'paymentProcessing',
  queue: 'processPayment',
  routingKey: 'processPayment',
};

/**
 * A header of a payment request, with the value true: the original placed the order, and may have requested its payment
 * before with another amount. It is no part of the body, which the original's services read.
 */
export const ADOPTED_HEADER = 'x-adopted';

/** Payment answers, from the payment service to the order service. */
export const PAYMENT_STAT: Route = { exchange: 'orderManagement', queue: 'PaymentStat', routingKey: 'PaymentStat' };

/** Names the queue of messages that no service could handle. They stay there until an operator retries or discards them. */
export const parkedQueue = ({ queue }: Route): string => `${queue}.parked`;

/**
 * Names the queue in which a message waits before its next delivery. Version 1.0.0 had `<queue>.retry` without a time
 * limit, which a declaration cannot change.
 */
export const retryQueue = ({ queue }: Route): string => `${queue}.delayed`;

/**
 * Names the exchange through which a service parks and retries the messages of its queue, and an operator returns them. It
 * leads to the queues of this route only, so that no user needs the right to publish on the default exchange, which leads
 * to every queue. The routing key is the name of the queue.
 */
export const failedExchange = ({ queue }: Pick<Route, 'queue'>): string => `${queue}.failed`;

/** Longer than the pause between two tries, so that it limits only messages of other clients. */
const LONGEST_DELAY_MS = 60_000;

/** Lists the queues of a route. */
export const queuesOf = (route: Route): string[] => [route.queue, parkedQueue(route), retryQueue(route)];

/**
 * Declares a route with the same arguments as the original system, that is, none: a declaration with other arguments
 * fails with 406 PRECONDITION_FAILED. Parked and retried messages therefore use separate queues.
 *
 * @param longestDelayMs how long a message can wait in the retry queue. RabbitMQ expires messages only at the head of a
 *   queue: one that another client has put there without an expiration would hold up all others forever
 */
export async function declareRoute(channel: Channel, route: Route, longestDelayMs = LONGEST_DELAY_MS): Promise<void> {
  const { exchange, queue, routingKey } = route;
  await channel.assertExchange(exchange, 'topic', { durable: true });
  await channel.assertQueue(queue, { durable: true });
  await channel.bindQueue(queue, exchange, routingKey);

  await channel.assertQueue(parkedQueue(route), { durable: true });
  await channel.assertQueue(retryQueue(route), {
    durable: true,
    messageTtl: longestDelayMs,
    deadLetterExchange: '',
    deadLetterRoutingKey: queue,
  });
  await channel.assertExchange(failedExchange(route), 'direct', { durable: true });
  for (const name of queuesOf(route)) await channel.bindQueue(name, failedExchange(route), name);
}
