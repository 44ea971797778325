import { setTimeout as delay } from 'node:timers/promises';
import type { OrdersClient } from '@shop/prisma/clients';
import type { Part } from '@shop/runtime/lifecycle';
import type { Logger } from '@shop/runtime/log';
import pLimit from 'p-limit';
import type { ReadClient } from '../reads/read-client';
import { isAfter, type EventPosition } from './event-position';
import { knowsPosition, PAGE_SIZE, readEvents, readEventsOf, readPresent, type OrderEvent } from './read-events';

/** Receives events. It gets each event once, in the order of their positions. */
export interface Subscriber {
  /** Only the events of this order; those of all orders if it is null. */
  orderId: string | null;
  /** The position after which the events begin. The feed moves it forward. */
  position: EventPosition;
  /** Aborted when the subscriber wants no more events. */
  closed: AbortSignal;
  /** Takes events of the past. The feed reads the next ones when the promise resolves. */
  catchUp(events: OrderEvent[]): Promise<void>;
  /** Takes new events. Must not block: all subscribers get them in turn. */
  receive(events: OrderEvent[]): void;
  /** Called when the feed can deliver no further events without a gap. */
  end(): void;
}

export interface EventFeedOptions {
  reads: Pick<ReadClient, 'read'>;
  /** The primary. */
  database: OrdersClient;
  log: Logger;
  /** Time between two reads of new events, in milliseconds. */
  pollIntervalMs?: number;
}

const POLL_INTERVAL_MS = 200;
const PAUSE_AFTER_FAILURE_MS = 1_000;
/** How many subscribers read pages of the past at the same time. The other connections of the pool serve everything else. */
const MAX_PAST_READS = 2;

/**
 * Delivers the events of all instances to the subscribers of this one. While there are subscribers, it polls the table
 * of events, once for all of them. A subscriber that starts in the past reads pages of its own until it has caught up.
 *
 * An outage of the database delays events and ends nothing.
 */
export class EventFeed implements Part {
  readonly name = 'event feed';
  private readonly subscribers = new Set<Subscriber>();
  private readonly live = new Set<Subscriber>();
  private readonly stopping = new AbortController();
  private readonly pastReads = pLimit(MAX_PAST_READS);
  private polling: Promise<void> | null = null;
  /** The position up to which the live subscribers have received everything. Null before the first read. */
  private position: EventPosition | null = null;
  /** The last event that a subscriber has received. */
  private last: EventPosition | null = null;
  private failed = false;

  constructor(private readonly options: EventFeedOptions) {}

  /** Whether events are delayed because the database is unavailable. */
  get isDelayed(): boolean {
    return this.failed;
  }

  /** Reads the position of the present. @throws if no server answers */
  readPresent(): Promise<EventPosition> {
    return this.options.reads.read(readPresent);
  }

  /**
   * Returns whether this database has issued a position, and still contains its event.
   *
   * @throws if no server answers
   */
  async knows(position: EventPosition): Promise<boolean> {
    const { reads, database } = this.options;
    const isKnown = (source: OrdersClient) => knowsPosition(source, position);
    return (await reads.read(isKnown)) || isKnown(database); // a secondary may be behind
  }

  /** Delivers events to a subscriber until it is closed. */
  async follow(subscriber: Subscriber): Promise<void> {
    if (this.stopping.signal.aborted) return subscriber.end();
    this.subscribers.add(subscriber);
    this.polling ??= this.poll();
    const remove = (): void => {
      this.subscribers.delete(subscriber);
      this.live.delete(subscriber);
    };
    subscriber.closed.addEventListener('abort', remove, { once: true });
    if (subscriber.closed.aborted) remove();
    await this.catchUp(subscriber);
  }

  /** Ends all subscribers. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.endAll();
    await this.polling;
  }

  /** Reads pages for one subscriber until it has all that the live ones have, then makes it a live one. */
  private async catchUp(subscriber: Subscriber): Promise<void> {
    while (this.subscribers.has(subscriber)) {
      if (this.position && !isAfter(this.position, subscriber.position)) {
        this.live.add(subscriber);
        return;
      }
      const { events, end } = await this.readPage(subscriber);
      if (!this.subscribers.has(subscriber)) return; // without subscribers, the feed must remember no event
      const isNew = isAfter(end, subscriber.position);
      subscriber.position = end;
      this.remember(events);
      if (events.length > 0) await subscriber.catchUp(events);
      if (!isNew) await this.pause(this.pollIntervalMs); // the server is behind the one that the feed has read
    }
  }

  private async readPage(subscriber: Subscriber): Promise<{ events: OrderEvent[]; end: EventPosition }> {
    const { orderId, position } = subscriber;
    const read = (source: OrdersClient) =>
      orderId === null ? readEvents(source, position) : readEventsOf(source, orderId, position);
    try {
      return await this.pastReads(async () =>
        this.subscribers.has(subscriber) ? this.options.reads.read(read) : { events: [], end: position },
      );
    } catch (error) {
      this.options.log.warn({ err: error }, 'events of the past not read; will be retried');
      await this.pause(PAUSE_AFTER_FAILURE_MS);
      return { events: [], end: position };
    }
  }

  /** Reads new events while there are subscribers. */
  private async poll(): Promise<void> {
    while (this.subscribers.size > 0 && !this.stopping.signal.aborted) {
      try {
        const isFull = await this.deliverNext();
        if (this.failed) this.options.log.info('reading of new events resumed');
        this.failed = false;
        if (!isFull) await this.pause(this.pollIntervalMs);
      } catch (error) {
        if (!this.failed) this.options.log.warn({ err: error }, 'cannot read new events; retrying');
        this.failed = true;
        await this.pause(PAUSE_AFTER_FAILURE_MS);
      }
    }
    this.position = this.last = null;
    this.failed = false;
    this.polling = null; // here and not later, so that the next subscriber starts a new poll
  }

  /** Reads and delivers the next page. @returns whether it was full */
  private async deliverNext(): Promise<boolean> {
    const { reads, log } = this.options;
    if (!this.position) {
      this.position = await reads.read(readPresent);
      return false;
    }
    const { position, last } = this;
    const page = await reads.read((source) => readEvents(source, position, last ?? position));
    if (page.rewound) {
      log.error({ position }, 'the database has lost events that were delivered: all streams of events end');
      this.endAll();
      this.position = this.last = null;
      return false;
    }
    this.position = page.end;
    this.remember(page.events);
    for (const subscriber of this.live) this.deliver(subscriber, page.events, page.end);
    return page.events.length >= PAGE_SIZE;
  }

  /** Remembers the last event that any subscriber has received. */
  private remember(events: OrderEvent[]): void {
    const last = events.at(-1)?.position;
    if (last && (!this.last || isAfter(last, this.last))) this.last = last;
  }

  private deliver(subscriber: Subscriber, events: OrderEvent[], end: EventPosition): void {
    const { orderId, position } = subscriber;
    const missing = events.filter(
      (event) => (orderId === null || event.orderId === orderId) && isAfter(event.position, position),
    );
    if (isAfter(end, position)) subscriber.position = end;
    if (missing.length > 0) subscriber.receive(missing);
  }

  private endAll(): void {
    for (const subscriber of this.subscribers) subscriber.end();
  }

  private get pollIntervalMs(): number {
    return this.options.pollIntervalMs ?? POLL_INTERVAL_MS;
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
