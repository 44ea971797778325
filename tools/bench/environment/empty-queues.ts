import { declareRoute, parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT, retryQueue } from '@shop/amqp/topology';
import { connect } from 'amqplib';

/** Empties the queues of a virtual host, which hold payments of others' orders where the turn before broke off. */
export async function emptyQueues(amqpUrl: string): Promise<void> {
  const connection = await connect(amqpUrl);
  try {
    const channel = await connection.createChannel();
    for (const route of [PROCESS_PAYMENT, PAYMENT_STAT]) {
      await declareRoute(channel, route); // there is none yet in the first turn
      for (const queue of [route.queue, parkedQueue(route), retryQueue(route)]) await channel.purgeQueue(queue);
    }
  } finally {
    await connection.close();
  }
}
