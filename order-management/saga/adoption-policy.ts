import type { Broker } from '@shop/amqp/broker';
import type { Consumer } from '@shop/amqp/consumer';
import { PAYMENT_STAT } from '@shop/amqp/topology';

/**
 * Decides whether the sweeper may adopt orders that the original system left `placed`. It may not while a payment answer
 * for one of them could still be in the queue: adoption would request a second payment.
 *
 * @param broker null if the service runs without a broker; then no answer can be queued
 * @param consumer the consumer of `PaymentStat`; adoption waits until it runs, because queued answers come first
 */
export const createAdoptionPolicy =
  (broker: Pick<Broker, 'countMessages'> | null, consumer: Pick<Consumer, 'isUp'> | null) =>
  async (): Promise<boolean> => {
    if (!broker) return true;
    if (!consumer?.isUp) return false;
    try {
      return (await broker.countMessages(PAYMENT_STAT.queue)) === 0;
    } catch {
      return false; // unknown, so not now; the next sweep asks again
    }
  };
