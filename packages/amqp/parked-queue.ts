import type { BrokerSettings } from '@shop/runtime/environment';
import { Problem, retryLater } from '@shop/runtime/problem';
import { readTlsFiles } from '@shop/runtime/tls-files';
import type { Logger } from '@shop/runtime/log';
import { refusalIn } from './check-topology';
import type { ParkedAction } from './parked-audit';
import { ParkedMessages, type ParkedMessage, type RecordAction, type Selection } from './parked-messages';
import type { Route } from './topology';

/** How long one request handles messages. A load balancer may give up after 30 seconds, as deploy/haproxy.cfg states. */
const ACT_MS = 20_000;

/**
 * A client can select only messages that a list returned (at most 1,000). Their position can only decrease, so later messages
 * need no examination.
 */
const MAX_EXAMINED = 1_000;

export interface ParkedQueueOptions {
  settings: BrokerSettings;
  route: Route;
  /**
   * Runs a function while no other instance runs one. RabbitMQ hides a message from every other reader while one reads it, so
   * two readers at a time would each see only some of the messages.
   */
  alone: <T>(run: () => Promise<T>) => Promise<T>;
  /** Records an action in the history of the order that the message names; without it, only the log records it. */
  recordInHistory?: (action: ParkedAction, message: ParkedMessage) => Promise<void>;
  /** How long one request handles messages, in milliseconds. */
  actMs?: number;
}

interface ParkedList {
  messages: ParkedMessage[];
  count: number;
}

/** What was done with the selected messages. */
export interface Handled {
  messages: ParkedMessage[];
  /** How many messages are parked afterwards; null if they cannot be counted. */
  left: number | null;
}

/** Who acts on messages, and where that is logged. */
export interface ParkedActor {
  actor: string;
  log: Pick<Logger, 'info' | 'warn'>;
}

/** In characters. */
const MAX_LOGGED_BODY = 20_000;

/**
 * The parked messages of one route, for the API of the service that parked them. Each call uses a connection of its own, which
 * a refusal by RabbitMQ closes.
 */
export class ParkedQueue {
  private listing: { limit: number; list: Promise<ParkedList> } | null = null;

  constructor(private readonly options: ParkedQueueOptions) {}

  /**
   * Lists the oldest messages, and counts all. Without a broker there are none. Concurrent readers share one list, because each
   * open console reads it every 10 seconds and RabbitMQ shows each message to one reader at a time.
   *
   * @throws {Problem} 503 during an outage
   */
  list(limit: number): Promise<ParkedList> {
    if (this.listing?.limit === limit) return this.listing.list;
    const listing = {
      limit,
      list: this.readList(limit).finally(() => {
        if (this.listing === listing) this.listing = null;
      }),
    };
    this.listing = listing;
    return listing.list;
  }

  private async readList(limit: number): Promise<ParkedList> {
    const listed = await this.use(async (parked) => {
      const count = await parked.count();
      return { messages: await parked.list(limit), count };
    });
    return listed ?? { messages: [], count: 0 };
  }

  /** Returns messages to their queue. @param ids all messages if undefined @throws {Problem} 503 during an outage */
  retry(ids: readonly string[] | undefined, by: ParkedActor): Promise<Handled> {
    return this.act('retry', ids, by);
  }

  /** Deletes messages. @param ids all messages if undefined @throws {Problem} 503 during an outage */
  discard(ids: readonly string[] | undefined, by: ParkedActor): Promise<Handled> {
    return this.act('discard', ids, by);
  }

  private async act(
    action: ParkedAction['action'],
    ids: readonly string[] | undefined,
    by: ParkedActor,
  ): Promise<Handled> {
    const endMs = performance.now() + (this.options.actMs ?? ACT_MS); // waiting for another request counts, too
    const selection: Selection = { ...(ids && { ids: new Set(ids), oldest: MAX_EXAMINED }), endMs };
    const record: RecordAction = (message) => this.record(action, message, by);
    const handled = await this.use(async (parked) => ({
      messages: await parked[action](selection, record),
      left: await parked.count().catch(() => null),
    }));
    return handled ?? { messages: [], left: 0 };
  }

  /** Records an action before it happens. Never fails: an outage of the database must not prevent that messages are handled. */
  private async record(
    action: ParkedAction['action'],
    message: ParkedMessage,
    { actor, log }: ParkedActor,
  ): Promise<void> {
    const { id, sourceQueue: queue, reason, content } = message;
    // The body of a discarded message exists nowhere else afterwards.
    const body = action === 'discard' && { body: content.toString('utf8').slice(0, MAX_LOGGED_BODY) };
    log.info({ actor, action, id, queue, reason, ...body }, 'parked message handled');
    await this.options.recordInHistory?.({ action, actor }, message).catch((error: unknown) => {
      log.warn({ id, err: error }, 'the history of the order does not contain what was done with the message');
    });
  }

  private async use<T>(act: (parked: ParkedMessages) => Promise<T>): Promise<T | null> {
    const { settings, route, alone } = this.options;
    const { AMQP_URL: url, AMQP_VERIFY_USER: verified } = settings;
    if (url === null) return null;
    return alone(async () => {
      try {
        // The service has declared the queues, or relies on another user for it.
        const parked = await ParkedMessages.open(url, {
          tls: readTlsFiles('AMQP_TLS', settings),
          topology: 'check',
          namesUser: verified.length > 0,
          routes: [route],
        });
        try {
          return await act(parked);
        } finally {
          await parked.close().catch(() => undefined);
        }
      } catch (error) {
        throw explain(error);
      }
    });
  }
}

/** Whatever RabbitMQ refuses or fails, no message is lost: an unacknowledged one stays parked. */
function explain(error: unknown): Problem {
  const refusal = refusalIn(error);
  if (refusal === null) return retryLater(`RabbitMQ is unavailable: ${(error as Error).message}.`);
  return new Problem('service-unavailable', `RabbitMQ refuses this service the parked messages: ${refusal}.`);
}
