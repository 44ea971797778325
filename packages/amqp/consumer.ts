import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import { messages } from '@shop/runtime/metrics';
import { bestEffort } from './best-effort';
import { BrokerUnavailableError, type Broker, type BrokerLog } from './broker';
import { PARKED } from './parked-messages';
import { parkedQueue, retryQueue, type Route } from './topology';

/** What a handler did with a message. */
export type HandlerResult =
  /** The effect is durable. The metric `messages_total` counts the message by its effect. */
  | { outcome: 'delivered'; effect: string }
  /** The message changes nothing: an earlier message had the same effect, or it came too late to have one. */
  | { outcome: 'duplicate' }
  /** The content is invalid, or names something that does not exist. The message is parked with the reason. */
  | { outcome: 'unreadable' | 'unknown'; reason: string };

/** The result of one delivery: the handler's, or what follows from its error. */
type Delivery =
  | HandlerResult
  /** Handling failed, but no dependency is unavailable: other messages may succeed. */
  | { outcome: 'retry'; error: unknown; tries: number }
  | { outcome: 'exhausted'; reason: string }
  /** A dependency is unavailable. */
  | { outcome: 'outage'; error: unknown };

export interface ConsumerOptions {
  broker: Broker;
  route: Route;
  log: BrokerLog;
  /** Handles a message's content. RabbitMQ may deliver a message twice; the second time must change nothing. */
  handle: (content: Buffer) => Promise<HandlerResult>;
  /** Whether an error means that a dependency is unavailable, not that this message is bad. */
  isOutage: (error: unknown) => boolean;
  /** Resolves if all dependencies are available. */
  probe: () => Promise<void>;
  /** Counts each message by its effect, or as `duplicate`, `parked`, `retried` or `requeued`; by default in `messages_total`. */
  count?: (outcome: string) => void;
  /** Maximum number of tries of a message that fails although no dependency is unavailable; 5 by default. */
  maxTries?: number;
  /** The pause between those tries; 5 seconds by default. */
  retryDelayMs?: number;
}

const PREFETCH = 100; // as in the original system
const RESUME_MS = { first: 500, longest: 15_000 };

/**
 * Consumes a queue and acknowledges each message after its effect.
 *
 * A message that cannot be handled is parked. A message that fails although no dependency is unavailable is retried later
 * from a separate queue, so that it delays no other. In an outage every message is requeued once, and the consumer pauses
 * until a probe succeeds.
 */
export class Consumer {
  readonly name: string;
  private channel: ConfirmChannel | null = null;
  private consumerTag: string | null = null;
  private consuming = false;
  private pausing: Promise<void> | null = null;
  /** Doubles until a message is handled, because a dependency that answers the probe may still refuse the work. */
  private pauseMs = RESUME_MS.first;
  private readonly inFlight = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: ConsumerOptions) {
    this.name = `consumer of ${options.route.queue}`;
    options.broker.use((model) => this.attach(model));
  }

  /** Whether RabbitMQ delivers messages to this consumer. */
  get isUp(): boolean {
    return this.consuming;
  }

  /** Stops consuming, and waits until the messages in flight are handled. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await bestEffort(this.cancel());
    await Promise.all(this.inFlight);
    // RabbitMQ does not confirm acknowledgements, but it answers this call after it has processed them.
    await bestEffort(this.channel?.prefetch(PREFETCH));
  }

  private async attach(model: ChannelModel): Promise<void> {
    const channel = await this.options.broker.channel(model);
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = null;
      this.consumerTag = null;
      this.consuming = false;
    });
    await channel.prefetch(PREFETCH);
    this.channel = channel;
    if (!this.pausing) await this.consume();
  }

  private async consume(): Promise<void> {
    const channel = this.channel;
    if (!channel || this.consumerTag !== null || this.stopping.signal.aborted) return;
    const onMessage = (message: ConsumeMessage | null): void => {
      // Null means that the queue was deleted. Closing the channel makes the broker declare it again.
      if (!message) return void channel.close().catch(() => undefined);
      const handled = this.receive(channel, message).finally(() => this.inFlight.delete(handled));
      this.inFlight.add(handled);
    };
    const consumerTag = randomUUID();
    this.consumerTag = consumerTag; // set before the first message, whose failure may cancel this consumer
    await channel.consume(this.options.route.queue, onMessage, { consumerTag });
    this.consuming = this.consumerTag === consumerTag; // RabbitMQ answers late while it blocks publishers
  }

  private async cancel(): Promise<void> {
    const tag = this.consumerTag;
    this.consumerTag = null;
    this.consuming = false;
    if (tag !== null) await this.channel?.cancel(tag);
  }

  /** Never throws: a message that could not be parked or retried is requeued. */
  private async receive(channel: ConfirmChannel, message: ConsumeMessage): Promise<void> {
    const delivery = await this.deliver(message);
    try {
      switch (delivery.outcome) {
        case 'delivered':
          return this.acknowledge(channel, message, delivery.effect);
        case 'duplicate':
          return this.acknowledge(channel, message, 'duplicate');
        case 'unreadable':
        case 'unknown':
        case 'exhausted':
          await this.park(message, delivery.reason);
          return this.acknowledge(channel, message, 'parked');
        case 'retry':
          await this.retryLater(message, delivery);
          return this.acknowledge(channel, message, 'retried');
        case 'outage':
          return await this.requeue(channel, message, delivery.error);
      }
    } catch (error) {
      await this.requeue(channel, message, error);
    }
  }

  private async deliver(message: ConsumeMessage): Promise<Delivery> {
    const { handle, isOutage, maxTries = 5 } = this.options;
    try {
      return await handle(message.content);
    } catch (error) {
      if (error instanceof BrokerUnavailableError || isOutage(error)) return { outcome: 'outage', error };
      const tries = 1 + (Number(message.properties.headers?.[PARKED.tries]) || 0); // any sender can set the header
      if (tries < maxTries) return { outcome: 'retry', error, tries };
      return { outcome: 'exhausted', reason: `failed ${tries} times: ${String(error)}` };
    }
  }

  /**
   * Acknowledges a message, after its effect: a crash between the two repeats the effect, which changes nothing. The
   * reverse order could lose the message.
   */
  private acknowledge(channel: ConfirmChannel, message: ConsumeMessage, outcome: string): void {
    this.count(outcome);
    this.pauseMs = RESUME_MS.first;
    ignoreClosedChannel(() => channel.ack(message));
  }

  /**
   * Pauses the consumer before it requeues a message. While the consumer runs, RabbitMQ would redeliver the message
   * thousands of times per second.
   */
  private async requeue(channel: ConfirmChannel, message: ConsumeMessage, error: unknown): Promise<void> {
    this.count('requeued');
    await this.pause(error);
    ignoreClosedChannel(() => channel.nack(message, false, true));
  }

  /** Publishes a copy to the parked queue. */
  private async park(message: ConsumeMessage, reason: string): Promise<void> {
    const { broker, route, log } = this.options;
    log.warn({ queue: route.queue, reason }, 'message parked');
    const headers = {
      ...headersOf(message),
      [PARKED.reason]: reason.slice(0, 1_000),
      [PARKED.sourceQueue]: route.queue,
      [PARKED.parkedAt]: new Date().toISOString(),
    };
    await broker.publish('', parkedQueue(route), message.content, { ...propertiesOf(message), headers });
  }

  /** Publishes a copy to the retry queue, which returns it to the source queue after the delay. */
  private async retryLater(
    message: ConsumeMessage,
    { error, tries }: Extract<Delivery, { outcome: 'retry' }>,
  ): Promise<void> {
    const { broker, route, log, retryDelayMs = 5_000 } = this.options;
    log.warn({ queue: route.queue, err: error, tries, retryInMs: retryDelayMs }, 'message failed');
    const headers = { ...headersOf(message), [PARKED.tries]: tries };
    const properties = { ...propertiesOf(message), headers, expiration: String(retryDelayMs) };
    await broker.publish('', retryQueue(route), message.content, properties);
  }

  private count(outcome: string): void {
    const { count, route } = this.options;
    if (count) count(outcome);
    else messages.inc({ queue: route.queue, outcome });
  }

  /** Stops consuming until the outage is over. Messages that fail at the same time share one pause. */
  private async pause(error: unknown): Promise<void> {
    if (!this.pausing) {
      const { log, route } = this.options;
      log.warn({ queue: route.queue, err: error }, 'consumer paused');
      this.pausing = bestEffort(this.cancel());
      await this.pausing;
      void this.resumeAfterOutage();
    }
    await this.pausing;
  }

  private async resumeAfterOutage(): Promise<void> {
    const { log, route, probe } = this.options;
    for (;;) {
      await delay(this.pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      this.pauseMs = Math.min(this.pauseMs * 2, RESUME_MS.longest);
      if (this.stopping.signal.aborted) return;
      try {
        await probe();
        this.pausing = null;
        await this.consume();
        log.info({ queue: route.queue }, 'consumer resumed');
        return;
      } catch (error) {
        log.warn({ queue: route.queue, err: error, retryInMs: this.pauseMs }, 'consumer still paused');
      }
    }
  }
}

/** Copies a message's headers, with the time of the first failure. */
const headersOf = ({ properties }: ConsumeMessage): Record<string, unknown> => ({
  [PARKED.firstSeen]: new Date().toISOString(),
  ...properties.headers,
});

/** Selects the properties that a message keeps in another queue. The sender may have omitted each of them. */
function propertiesOf({ properties }: ConsumeMessage): Options.Publish {
  const { contentType, messageId, correlationId } = properties;
  return { contentType, messageId, correlationId };
}

function ignoreClosedChannel(use: () => void): void {
  try {
    use();
  } catch {
    // The channel is closed, and RabbitMQ has requeued its unacknowledged messages.
  }
}
