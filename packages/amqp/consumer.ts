import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import { BrokerUnavailableError, type Broker, type BrokerLog } from './broker';
import { PARKED } from './parked-messages';
import { patiently } from './patience';
import { parkedQueue, retryQueue, type Route } from './topology';

/** What has become of a message: its effect, in a word, is durable, or nobody can handle it and an operator must look. */
export type Verdict = { done: string } | { park: string };

export interface ConsumerOptions {
  broker: Broker;
  route: Route;
  log: BrokerLog;
  /** Handles a message's content. May run twice for one message; the second time must change nothing. */
  handle: (content: Buffer) => Promise<Verdict>;
  /** Whether a failure says that something we depend on is away, rather than that this message is bad. */
  isOutage: (error: unknown) => boolean;
  /** Succeeds once what we depend on is well again. */
  probe: () => Promise<void>;
  /** Hears what became of each message: the handler's word, `parked`, `tried again later` or `given back`. */
  count?: (outcome: string) => void;
  /** Tries of a message that fails alone, before it is parked. */
  maxTries?: number;
  /** The pause between those tries. */
  retryDelayMs?: number;
}

const PREFETCH = 100;
const RESUME_MS = { first: 500, longest: 15_000 };

/**
 * Consumes a queue, each message acknowledged after its effect.
 *
 * A message that cannot be handled is parked; one that fails alone is tried again later, from a queue of its own, so
 * that none behind it waits; in an outage everything is given back once, and nothing is taken until it is over.
 */
export class Consumer {
  readonly name: string;
  private channel: ConfirmChannel | null = null;
  private consumerTag: string | null = null;
  private consuming = false;
  private pausing: Promise<void> | null = null;
  /** Grows until a message is handled: what answers a probe may still refuse the work. */
  private pauseMs = RESUME_MS.first;
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: ConsumerOptions) {
    this.name = `consumer of ${options.route.queue}`;
    options.broker.use((model) => this.attach(model));
  }

  /** Whether messages are being taken. */
  get isUp(): boolean {
    return this.consuming;
  }

  /** Takes no more messages, and waits until those under way are handled. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await patiently(this.cancel());
    await Promise.all(this.underWay);
    // Acknowledgements have no answer of their own: this one says that the broker has them.
    await patiently(this.channel?.prefetch(PREFETCH));
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
    if (!this.pausing) await this.take();
  }

  private async take(): Promise<void> {
    const channel = this.channel;
    if (!channel || this.consumerTag !== null || this.stopping.signal.aborted) return;
    const onMessage = (message: ConsumeMessage | null): void => {
      // Null: the queue was deleted. Closing the channel has everything declared anew.
      if (!message) return void channel.close().catch(() => undefined);
      const handled = this.receive(channel, message).finally(() => this.underWay.delete(handled));
      this.underWay.add(handled);
    };
    const consumerTag = randomUUID();
    this.consumerTag = consumerTag; // known before the first message can fail and want it cancelled
    await channel.consume(this.options.route.queue, onMessage, { consumerTag });
    this.consuming = this.consumerTag === consumerTag; // a broker that blocks publishers says so late
  }

  private async cancel(): Promise<void> {
    const tag = this.consumerTag;
    this.consumerTag = null;
    this.consuming = false;
    if (tag !== null) await this.channel?.cancel(tag);
  }

  /** Never throws: what fails here leaves the message with the broker, which delivers it again. */
  private async receive(channel: ConfirmChannel, message: ConsumeMessage): Promise<void> {
    try {
      // Effect first, acknowledge second: a crash between the two repeats the effect, which changes nothing the second
      // time; the other order would lose the message.
      await this.dispatch(message);
      this.pauseMs = RESUME_MS.first;
      answer(() => channel.ack(message));
    } catch (error) {
      this.options.count?.('given back');
      await this.pause(error);
      // Given back only now that nothing is taken: a bare requeue would come back at once, thousands of times a second.
      answer(() => channel.nack(message, false, true));
    }
  }

  /** Sees to it that the message can be acknowledged. @throws in an outage */
  private async dispatch(message: ConsumeMessage): Promise<void> {
    const { handle, isOutage, count, maxTries = 5 } = this.options;
    try {
      const verdict = await handle(message.content);
      if ('park' in verdict) await this.park(message, verdict.park);
      else count?.(verdict.done);
    } catch (error) {
      if (error instanceof BrokerUnavailableError || isOutage(error)) throw error;
      const tries = 1 + (Number(message.properties.headers?.[PARKED.tries]) || 0); // anybody may have written the header
      if (tries < maxTries) await this.retryLater(message, tries, error);
      else await this.park(message, `failed ${tries} times: ${String(error)}`);
    }
  }

  private async park(message: ConsumeMessage, reason: string): Promise<void> {
    const { broker, route, log, count } = this.options;
    log.warn({ queue: route.queue, reason }, 'message parked');
    const headers = {
      ...seen(message),
      [PARKED.reason]: reason.slice(0, 1_000),
      [PARKED.sourceQueue]: route.queue,
      [PARKED.parkedAt]: new Date().toISOString(),
    };
    await broker.publish('', parkedQueue(route), message.content, { ...kept(message), headers });
    count?.('parked');
  }

  private async retryLater(message: ConsumeMessage, tries: number, error: unknown): Promise<void> {
    const { broker, route, log, count, retryDelayMs = 5_000 } = this.options;
    log.warn({ queue: route.queue, err: error, tries }, 'message failed, tried again later');
    const headers = { ...seen(message), [PARKED.tries]: tries };
    const properties = { ...kept(message), headers, expiration: String(retryDelayMs) };
    await broker.publish('', retryQueue(route), message.content, properties);
    count?.('tried again later');
  }

  /** Stops taking messages until the outage is over; one at a time, however many messages meet it. */
  private async pause(error: unknown): Promise<void> {
    if (!this.pausing) {
      const { log, route } = this.options;
      log.warn({ queue: route.queue, err: error }, 'consumer paused');
      this.pausing = patiently(this.cancel());
      await this.pausing;
      void this.resumeWhenWell();
    }
    await this.pausing;
  }

  private async resumeWhenWell(): Promise<void> {
    const { log, route, probe } = this.options;
    for (;;) {
      await delay(this.pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      this.pauseMs = Math.min(this.pauseMs * 2, RESUME_MS.longest);
      if (this.stopping.signal.aborted) return;
      try {
        await probe();
        this.pausing = null;
        await this.take();
        log.info({ queue: route.queue }, 'consumer resumed');
        return;
      } catch (error) {
        log.warn({ queue: route.queue, err: error }, 'consumer still paused');
      }
    }
  }
}

/** A message's headers, with the time when we first had trouble with it. */
const seen = ({ properties }: ConsumeMessage): Record<string, unknown> => ({
  [PARKED.firstSeen]: new Date().toISOString(),
  ...properties.headers,
});

/** The properties that a message keeps when it moves to another queue. */
function kept({ properties }: ConsumeMessage): Options.Publish {
  const { contentType, messageId, correlationId } = properties;
  return { contentType, messageId, correlationId }; // undefined where the sender left them out
}

function answer(say: () => void): void {
  try {
    say();
  } catch {
    // The channel is gone, and with it the delivery: the broker has the message back already.
  }
}
