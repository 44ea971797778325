import type { Response } from 'express';
import { retryLater } from '@shop/runtime/problem';
import type { EventFeed } from '../events/event-feed';
import { EVENT_STREAM_HEADERS, EventStream, type EventStreamOptions } from './event-stream';

export interface EventStreamsOptions {
  feed: Pick<EventFeed, 'follow' | 'isDelayed'>;
  /** How many streams may be open at a time; the default suits one process of 500 MB. */
  maxStreams?: number;
  limits?: EventStreamOptions['limits'];
}

const MAX_STREAMS = 1_000;

/** The open event streams of this process. */
export class EventStreams {
  private readonly open = new Set<EventStream>();

  constructor(private readonly options: EventStreamsOptions) {}

  get count(): number {
    return this.open.size;
  }

  /**
   * Answers a request with a stream of events, and returns when the stream has ended.
   *
   * @throws {Problem} 503 if too many streams are open
   */
  async serve(response: Response, options: Omit<EventStreamOptions, 'limits' | 'isDelayed'>): Promise<void> {
    const { feed, maxStreams = MAX_STREAMS, limits } = this.options;
    if (this.open.size >= maxStreams) {
      throw retryLater(`${maxStreams} event streams are open, which is the limit.`, 'too-many-event-streams');
    }
    if (response.req.method === 'HEAD') return void response.writeHead(200, EVENT_STREAM_HEADERS).end();
    if (response.closed) return; // the client left while its request was checked: `close` is not emitted again
    const isDelayed = (): boolean => feed.isDelayed;
    const stream = new EventStream(response, { ...options, isDelayed, ...(limits && { limits }) });
    this.open.add(stream);
    stream.closed.addEventListener('abort', () => this.open.delete(stream), { once: true });
    await feed.follow(stream);
  }
}
