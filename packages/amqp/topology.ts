import type { Channel } from 'amqplib';

/** A kind of message of the original's contract: the queue it waits in, and how it gets there. */
export interface Route {
  exchange: string;
  queue: string;
  routingKey: string;
}

/** Order service to payment service: an order wants paying. */
export const PROCESS_PAYMENT: Route = {
  exchange: 'paymentProcessing',
  queue: 'processPayment',
  routingKey: 'processPayment',
};

/** Payment service to order service: how a payment came out. */
export const PAYMENT_STAT: Route = { exchange: 'orderManagement', queue: 'PaymentStat', routingKey: 'PaymentStat' };

/** Where messages lie that nobody can handle, until an operator looks at them. */
export const parkedQueue = ({ queue }: Route): string => `${queue}.parked`;

/** Where a message waits before its next try. */
export const retryQueue = ({ queue }: Route): string => `${queue}.retry`;

/**
 * Declares a route as the original does: no arguments, or whoever comes second fails with 406 PRECONDITION_FAILED.
 * What we add has queues of its own.
 */
export async function declareRoute(channel: Channel, route: Route): Promise<void> {
  const { exchange, queue, routingKey } = route;
  await channel.assertExchange(exchange, 'topic', { durable: true });
  await channel.assertQueue(queue, { durable: true });
  await channel.bindQueue(queue, exchange, routingKey);

  await channel.assertQueue(parkedQueue(route), { durable: true });
  await channel.assertQueue(retryQueue(route), { durable: true, deadLetterExchange: '', deadLetterRoutingKey: queue });
}
