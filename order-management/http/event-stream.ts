import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { formatPosition, type EventPosition } from '../events/event-position';
import type { Subscriber } from '../events/event-feed';
import type { OrderEvent } from '../events/read-events';

export const STREAM = {
  /** Shorter than the time after which a proxy closes a silent connection: HAProxy here 30 s, nginx 60 s. */
  heartbeatMs: 15_000,
  /** How long a client waits before it connects again. */
  retryMs: 2_000,
  /** A reader for which more is buffered in this process is disconnected. It can resume. */
  maxBufferedBytes: 256 * 1024,
  /** How long a reader of past events may read nothing. */
  stalledMs: 30_000,
  /** How long a stream that ends waits until the reader has received the rest. */
  flushMs: 1_000,
};

export interface EventStreamOptions {
  orderId: string | null;
  after: EventPosition;
  /** Selects the events that this stream contains. */
  selects: (event: OrderEvent) => boolean;
  /** Whether events arrive late now. */
  isDelayed: () => boolean;
  limits?: typeof STREAM;
}

/** One response of the type `text/event-stream`, as https://html.spec.whatwg.org/multipage/server-sent-events.html defines it. */
export class EventStream implements Subscriber {
  readonly orderId: string | null;
  position: EventPosition;
  private readonly closing = new AbortController();
  private readonly heartbeat: NodeJS.Timeout;
  private readonly limits: typeof STREAM;

  constructor(
    private readonly response: ServerResponse,
    private readonly options: EventStreamOptions,
  ) {
    this.orderId = options.orderId;
    this.position = options.after;
    this.limits = options.limits ?? STREAM;
    response.writeHead(200, EVENT_STREAM_HEADERS);
    // A client that loses the connection before the first event resumes at this position.
    response.write(`retry: ${this.limits.retryMs}\nid: ${formatPosition(this.position)}\n\n`);
    // The position spares a client that resumes the events that its stream did not select.
    this.heartbeat = setInterval(() => {
      const comment = options.isDelayed() ? 'delayed' : 'heartbeat';
      this.write(`: ${comment}\nid: ${formatPosition(this.position)}\n\n`);
    }, this.limits.heartbeatMs);
    response.once('close', () => this.close());
    response.on('error', () => this.close());
  }

  get closed(): AbortSignal {
    return this.closing.signal;
  }

  async catchUp(events: OrderEvent[]): Promise<void> {
    this.send(events, Infinity);
    if (!this.response.writableNeedDrain) return;
    const drained = new AbortController();
    this.response.once('drain', () => drained.abort());
    const stalled = delay(this.limits.stalledMs, 'stalled', { signal: AbortSignal.any([drained.signal, this.closed]) });
    if ((await stalled.catch(() => null)) === 'stalled') this.response.destroy();
  }

  receive(events: OrderEvent[]): void {
    this.send(events, this.limits.maxBufferedBytes);
  }

  /** Ends the response. The client can resume, here or at another instance. */
  end(): void {
    if (this.closed.aborted) return;
    this.close();
    this.response.end();
    setTimeout(() => this.response.destroy(), this.limits.flushMs).unref();
  }

  private send(events: OrderEvent[], maxBufferedBytes: number): void {
    const text = events.filter(this.options.selects).map(formatEvent).join('');
    if (text !== '') this.write(text, maxBufferedBytes);
  }

  private write(text: string, maxBufferedBytes = this.limits.maxBufferedBytes): void {
    if (this.closed.aborted) return;
    if (this.response.writableLength > maxBufferedBytes) this.response.destroy();
    else this.response.write(text);
  }

  private close(): void {
    clearInterval(this.heartbeat);
    this.closing.abort();
  }
}

export const EVENT_STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no', // nginx would buffer the events
  Connection: 'close', // a stream that has ended leaves no connection behind that delays the stop of the service
};

/** Formats an event with JSON, in which every line break is escaped. */
const formatEvent = ({ position, orderId, customerId, step, reason, time }: OrderEvent): string =>
  `id: ${formatPosition(position)}\nevent: ${step}\n` +
  `data: ${JSON.stringify({ orderId, customerId, step, reason, time })}\n\n`;
