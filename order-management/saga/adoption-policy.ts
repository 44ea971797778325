import type { Broker } from '@shop/amqp/broker';
import type { Consumer } from '@shop/amqp/consumer';
import { idempotentQueue } from '@shop/amqp/idempotent-consumers';
import { PAYMENT_STAT, PROCESS_PAYMENT, retryQueue } from '@shop/amqp/topology';
import type { Adoptable } from '../orders/unsettled-orders';

export interface AdoptionPolicyOptions {
  /** `ask` adopts every order of the original, `hold` only those that an operator has released. */
  mode: 'hold' | 'ask';
  /** Null if the service runs without a broker; then no message can be pending. */
  broker: Pick<Broker, 'inspect'> | null;
  /** The consumer of `PaymentStat`. */
  consumer: Pick<Consumer, 'isUp'> | null;
  /** Time in milliseconds within which this system's own consumers acknowledge, park or requeue a message. */
  handledWithinMs: number;
  /** A monotonic clock in milliseconds. */
  now?: () => number;
}

/** Which orders of the original may be adopted, and what the others wait for: an empty text if none waits. */
export interface Adoption {
  which: Adoptable;
  reason: string;
}

/**
 * The longest time that another program can hold a message without an acknowledgement: the default `consumer_timeout` of
 * RabbitMQ (30 minutes; https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout), which it checks every minute. It
 * then closes the channel, and the message is ready for delivery again.
 */
const HELD_AT_MOST_MS = 32 * 60_000;

/** Who may hold payment requests that the broker has delivered: nobody, payment-processing only, or another service. */
type Holder = 'nobody' | 'ours' | 'another';

/**
 * Decides whether the sweeper may adopt orders that the original left `placed`. An adopted order is paid for, so none of
 * its payment requests and answers may be pending: the original payment service charges every request.
 *
 * A passive declaration counts the messages of a queue that are ready, and its consumers, but not the messages that a
 * consumer holds. The management API counts those, too. It is not used, because it is a plug-in that may be missing, needs
 * a user with more rights, and lags by seconds. Instead, the queues must be empty twice: the second time when nobody can
 * hold a message any longer that was delivered before the first time.
 *
 * | consumers of `processPayment` | its requests                              | time between the two checks        |
 * | ----------------------------- | ----------------------------------------- | ---------------------------------- |
 * | none                          | must be gone                              | `handledWithinMs`, for the answers |
 * | only payment-processing       | do not matter: it charges each order once | `handledWithinMs`, for the answers |
 * | another, like the original's  | must be gone                              | 32 minutes                         |
 *
 * Between the two checks, messages of new orders may pass. The time starts anew with the process, and if the number of
 * consumers changes, because RabbitMQ then delivers their messages again.
 */
export class AdoptionPolicy {
  private empty: { sinceMs: number; consumers: string } | null = null;

  constructor(private readonly options: AdoptionPolicyOptions) {}

  /** Checks the queues. Does not throw: if RabbitMQ does not answer, nothing may be adopted. */
  async check(): Promise<Adoption> {
    const reason = await this.pending().catch((error: unknown) => {
      this.empty = null;
      return String(error);
    });
    if (reason) return { which: 'none', reason };
    if (this.options.mode === 'ask') return { which: 'all', reason: '' };
    return { which: 'released', reason: 'ADOPT is hold: an operator must decide on each order, or set ADOPT=ask' };
  }

  /** Returns which messages may be pending; an empty text if none. */
  private async pending(): Promise<string> {
    const { broker, consumer, handledWithinMs, now = () => performance.now() } = this.options;
    if (!broker) return '';
    if (!consumer?.isUp) throw new Error('The consumer of payment answers does not run.');
    const { consumers: all } = await broker.inspect(PROCESS_PAYMENT.queue);
    const { consumers: ours } = await broker.inspect(idempotentQueue(PROCESS_PAYMENT));
    const holder: Holder = all > ours ? 'another' : ours > 0 ? 'ours' : 'nobody';

    const consumers = `${all} ${ours}`;
    if (this.empty?.consumers !== consumers) this.empty = null;
    for (const route of holder === 'ours' ? [PAYMENT_STAT] : [PAYMENT_STAT, PROCESS_PAYMENT]) {
      for (const queue of [route.queue, retryQueue(route)]) {
        if ((await broker.inspect(queue)).messages === 0) continue;
        if (holder === 'nobody') this.empty = null;
        return `messages wait in ${queue}`;
      }
    }
    this.empty ??= { sinceMs: now(), consumers };
    const emptyForMs = now() - this.empty.sinceMs;
    if (holder === 'another' && emptyForMs < HELD_AT_MOST_MS)
      return 'another payment service may hold requests: stop it until the orders are adopted, or wait for 32 minutes';
    return emptyForMs < handledWithinMs ? 'payment answers may still be handled' : '';
  }
}
