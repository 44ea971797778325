import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { messages } from '@shop/runtime/metrics';
import { inSpan, recordFailure } from '@shop/runtime/tracing/in-span';
import { bestEffort } from './best-effort';
import type { Broker, BrokerLog } from './broker';
import { idempotentQueue } from './idempotent-consumers';
import { FailurePolicy, type FailureOutcome, type FailurePolicyOptions } from './failure-policy';
import { QueueGrowth } from './queue-growth';
import { failuresOf, HEADERS, propertiesOfCopy, senderHeadersOf, shortReason, type MessageHeaders } from './republish';
import { failedExchange, parkedQueue, retryQueue, type Route } from './topology';
import { traceHeadersOf } from './trace-headers';

/** What a handler did with a message. */
export type HandlerResult =
  /** The effect is durable. The metric `messages_total` counts the message by its effect. */
  | { outcome: 'delivered'; effect: string }
  /** The message changes nothing: an earlier message had the same effect, or it came too late to have one. */
  | { outcome: 'duplicate' }
  /** The content is invalid, names something that does not exist, or contradicts what is stored. The message is parked. */
  | { outcome: 'unreadable' | 'unknown' | 'contradictory'; reason: string };

/** The message was sent by a user whose messages are not handled. */
interface Untrusted {
  outcome: 'untrusted';
  reason: string;
}

export interface ConsumerOptions extends FailurePolicyOptions {
  broker: Broker;
  route: Route;
  log: BrokerLog;
  /** Handles a message's content. RabbitMQ may deliver a message twice; the second time must change nothing. */
  handle: (content: Buffer, headers: MessageHeaders) => Promise<HandlerResult>;
  /** Announces on `idempotentQueue` that `handle` keeps this promise, for as long as the consumer consumes its queue. */
  announcesIdempotence?: boolean;
  /** Counts each message by its effect, or as `duplicate`, `parked`, `retried` or `requeued`; by default in `messages_total`. */
  count?: (outcome: string) => void;
  /** The pause between the tries of a message, in milliseconds. */
  retryDelayMs?: number;
}

const PREFETCH = 100; // as in the original system
const RETRY_DELAY_MS = 5_000; // a lock or a short overload is over by then
const RESUME_MS = { first: 500, longest: 15_000 };

/**
 * Consumes a queue and acknowledges each message after its effect.
 *
 * A message that cannot be handled is parked. A message that fails although all dependencies are available is retried
 * later from a separate queue, so that it delays no other. In an outage every message is requeued once, and the consumer
 * pauses until a probe succeeds. `FailurePolicy` decides which of these applies.
 */
export class Consumer {
  readonly name: string;
  private channel: ConfirmChannel | null = null;
  private consumerTag: string | null = null;
  private consuming = false;
  private pausing: Promise<void> | null = null;
  /** Doubles until a message is handled, because a dependency that answers the probe may still refuse the work. */
  private pauseMs = RESUME_MS.first;
  private readonly failures: FailurePolicy;
  private readonly growth: QueueGrowth;
  private readonly inFlight = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: ConsumerOptions) {
    this.name = `consumer of ${options.route.queue}`;
    this.failures = new FailurePolicy(options);
    this.growth = new QueueGrowth(async () => (await options.broker.inspect(options.route.queue)).messages);
    options.broker.use((model) => this.attach(model));
  }

  /** Whether RabbitMQ delivers messages to this consumer. */
  get isUp(): boolean {
    return this.consuming;
  }

  /** Whether this consumer waits until a dependency is available, although RabbitMQ is. */
  get isPaused(): boolean {
    return this.pausing !== null && this.channel !== null;
  }

  /** How many messages wait if their number keeps growing although this consumer is up; otherwise null. */
  get growingBacklog(): number | null {
    const growing = this.growth.observe();
    return this.isUp ? growing : null;
  }

  /** What an operator must change before RabbitMQ can be used; null if nothing is known. */
  get misconfiguration(): string | null {
    return this.options.broker.misconfiguration;
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
      const handled = this.trace(message, () => this.receive(channel, message)).finally(() =>
        this.inFlight.delete(handled),
      );
      this.inFlight.add(handled);
    };
    const consumerTag = randomUUID();
    this.consumerTag = consumerTag; // set before the first message, whose failure may cancel this consumer
    const { route, announcesIdempotence } = this.options;
    await channel.consume(route.queue, onMessage, { consumerTag });
    if (this.consumerTag !== consumerTag) return; // RabbitMQ answers late while it blocks publishers
    this.consuming = true;
    if (announcesIdempotence) {
      await channel.consume(idempotentQueue(route), () => undefined, { consumerTag: announcementOf(consumerTag) });
    }
  }

  private async cancel(): Promise<void> {
    const tag = this.consumerTag;
    this.consumerTag = null;
    this.consuming = false;
    if (tag === null || !this.channel) return;
    // The announcement first: there must never be more of them than consumers.
    const { channel } = this;
    const tags = this.options.announcesIdempotence ? [announcementOf(tag), tag] : [tag];
    await Promise.all(tags.map((one) => channel.cancel(one)));
  }

  /** Continues the trace of the sender. */
  private trace(message: ConsumeMessage, receive: () => Promise<void>): Promise<void> {
    const { queue } = this.options.route;
    const parent = propagation.extract(ROOT_CONTEXT, traceHeadersOf(message));
    const attributes = { 'messaging.system': 'rabbitmq', 'messaging.destination.name': queue };
    return inSpan(`process ${queue}`, { kind: SpanKind.CONSUMER, attributes, parent }, receive);
  }

  /** Never throws: a message that could not be parked or retried is requeued. */
  private async receive(channel: ConfirmChannel, message: ConsumeMessage): Promise<void> {
    try {
      const result = await this.deliver(message);
      switch (result.outcome) {
        case 'delivered':
          return this.acknowledge(channel, message, result.effect);
        case 'duplicate':
          return this.acknowledge(channel, message, 'duplicate');
        case 'unreadable':
        case 'unknown':
        case 'contradictory':
        case 'untrusted':
        case 'exhausted':
          await this.park(message, result.reason);
          return this.acknowledge(channel, message, 'parked');
        case 'retry':
          await this.retryLater(message, result);
          this.acknowledge(channel, message, 'retried');
          return result.nothingPasses ? await this.pause(result.error) : undefined;
        case 'outage':
          return await this.requeue(channel, message, result.error);
      }
    } catch (error) {
      await this.requeue(channel, message, error);
    }
  }

  private async deliver(message: ConsumeMessage): Promise<HandlerResult | FailureOutcome | Untrusted> {
    const reason = this.options.broker.senderProblem(message);
    if (reason !== null) return { outcome: 'untrusted', reason };
    try {
      const result = await this.options.handle(message.content, senderHeadersOf(message));
      if (result.outcome === 'delivered') this.failures.recordHandled(); // a duplicate does not prove that others succeed
      if (result.outcome === 'delivered' || result.outcome === 'duplicate') this.pauseMs = RESUME_MS.first;
      return result;
    } catch (error) {
      recordFailure(trace.getActiveSpan(), error);
      return this.failures.judge(message, error);
    }
  }

  /**
   * Acknowledges a message, after its effect: a crash between the two repeats the effect, which changes nothing. The
   * reverse order could lose the message.
   */
  private acknowledge(channel: ConfirmChannel, message: ConsumeMessage, outcome: string): void {
    this.count(outcome);
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
    const properties = propertiesOfCopy(message, {
      [HEADERS.reason]: shortReason(reason),
      [HEADERS.sourceQueue]: route.queue,
      [HEADERS.firstSeen]: failuresOf(message).firstSeen.toISOString(),
      [HEADERS.parkedAt]: new Date().toISOString(),
    });
    await broker.publish(failedExchange(route), parkedQueue(route), message.content, properties);
  }

  /** Publishes a copy to the retry queue, which returns it to the source queue after the delay. */
  private async retryLater(
    message: ConsumeMessage,
    { error, failures, isLoud }: Extract<FailureOutcome, { outcome: 'retry' }>,
  ): Promise<void> {
    const { broker, route, log, retryDelayMs = RETRY_DELAY_MS } = this.options;
    const fields = { queue: route.queue, err: error, ...failures, retryInMs: retryDelayMs };
    log[isLoud ? 'error' : 'warn'](fields, 'message failed');
    const properties = propertiesOfCopy(message, {
      [HEADERS.tries]: failures.tries,
      [HEADERS.firstSeen]: failures.firstSeen.toISOString(),
      [HEADERS.lastFailed]: failures.lastFailed.toISOString(),
    });
    const expiration = String(retryDelayMs);
    await broker.publish(failedExchange(route), retryQueue(route), message.content, { ...properties, expiration });
  }

  private count(outcome: string): void {
    const { count, route } = this.options;
    trace.getActiveSpan()?.setAttribute('messaging.outcome', outcome);
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
      void context.with(ROOT_CONTEXT, () => this.resumeAfterOutage()); // the message's trace ends here
    }
    await this.pausing;
  }

  private async resumeAfterOutage(): Promise<void> {
    const { log, route } = this.options;
    for (;;) {
      await delay(this.pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      this.pauseMs = Math.min(this.pauseMs * 2, RESUME_MS.longest);
      if (this.stopping.signal.aborted) return;
      try {
        await this.failures.probe();
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

const announcementOf = (consumerTag: string): string => `${consumerTag}.idempotent`;

function ignoreClosedChannel(use: () => void): void {
  try {
    use();
  } catch {
    // The channel is closed, and RabbitMQ has requeued its unacknowledged messages.
  }
}
