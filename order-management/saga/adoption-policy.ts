import type { Broker } from '@shop/amqp/broker';
import type { Consumer } from '@shop/amqp/consumer';
import { PAYMENT_STAT } from '@shop/amqp/topology';

/**
 * Decides whether the sweeper may adopt orders that the original system left `placed`. Adoption is not allowed while a
 * payment answer for one of them may still be in the queue, because it would request a second payment.
 *
 * @param broker null if the service runs without a broker; then no answer can be queued
 * @param consumer the consumer of `PaymentStat`; adoption waits until it runs, so that it handles queued answers first
 */
export const createAdoptionPolicy =
  (broker: Pick<Broker, 'countMessages'> | null, consumer: Pick<Consumer, 'isUp'> | null) =>
  async (): Promise<boolean> => {
    if (!broker) return true;
    if (!consumer?.isUp) return false;
    try {
      return (await broker.countMessages(PAYMENT_STAT.queue)) === 0;
    } catch {
      return false; // the number of messages is unknown; the next sweep checks again
    }
  };
