import { createHash } from 'node:crypto';
import type { BrokerSettings } from '@shop/runtime/environment';
import type { TlsFiles } from '@shop/runtime/tls-files';
import type { ChannelModel, ConfirmChannel, GetMessage, Options } from 'amqplib';
import { connect } from './connect';
import { HEADERS, propertiesOfCopy } from './republish';
import { userOf } from './sender';
import { declareRoute, failedExchange, parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT, type Route } from './topology';

export interface ParkedMessage {
  /** Identifies the message while it is parked. */
  id: string;
  /** The queue that the message came from; a retry returns it there. */
  sourceQueue: string;
  reason: string;
  /** ISO 8601; empty if the message was not parked by this system. */
  firstSeen: string;
  headers: Record<string, unknown>;
  content: Buffer;
}

/** Which parked messages an operator has selected. */
export interface Selection {
  /** All messages if they are undefined. */
  ids?: ReadonlySet<string> | undefined;
  /** How many of the oldest messages of each queue are examined; all by default. */
  oldest?: number;
  /** When the last message may begin to be handled, by `performance.now()`; never by default. */
  endMs?: number;
}

/** Records what an operator does with a message. */
export type RecordAction = (message: ParkedMessage) => Promise<void>;

export interface ParkedMessagesOptions {
  tls?: TlsFiles;
  topology: BrokerSettings['TOPOLOGY'];
  namesUser: boolean;
  routes?: readonly Route[];
}

/** The messages that no service could handle. An operator lists, retries or discards them. */
export class ParkedMessages {
  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: ConfirmChannel,
    private readonly sender: Options.Publish,
    private readonly routes: readonly Route[],
  ) {}

  /**
   * Connects to RabbitMQ.
   *
   * @param namesUser whether returned messages name this user as their sender, which AMQP_VERIFY_USER requires
   * @param topology whether to declare the queues, or to rely on those that exist
   * @param routes the routes whose parked messages are handled; both by default
   * @throws {Error} if RabbitMQ is unavailable
   */
  static async open(
    url: string,
    { tls = {}, topology, namesUser, routes = ROUTES }: ParkedMessagesOptions,
  ): Promise<ParkedMessages> {
    const connection = await connect(url, { ...tls, clientProperties: { connection_name: 'parked' } });
    const channel = await connection.createConfirmChannel();
    if (topology === 'declare') for (const route of routes) await declareRoute(channel, route);
    return new ParkedMessages(connection, channel, namesUser ? { userId: userOf(url) } : {}, routes);
  }

  /** Lists parked messages, the oldest of each queue first. @param limit how many of each queue; all by default */
  async list(limit = Infinity): Promise<ParkedMessage[]> {
    const messages: ParkedMessage[] = [];
    await this.eachOf((parked) => (messages.push(parked), null), { limit });
    return messages;
  }

  /** Counts the parked messages. */
  async count(): Promise<number> {
    const counts = this.routes.map((route) => this.channel.checkQueue(parkedQueue(route)));
    return (await Promise.all(counts)).reduce((sum, { messageCount }) => sum + messageCount, 0);
  }

  /**
   * Returns the selected messages to their source queue.
   *
   * @param record runs before a message is returned
   * @returns these messages
   */
  async retry(selection: Selection, record: RecordAction): Promise<ParkedMessage[]> {
    return this.remove(selection, async (parked, message) => {
      const { sourceQueue, content, firstSeen } = parked;
      await record(parked);
      // Without the header that counts tries, so that the count starts again.
      const properties = propertiesOfCopy(message, firstSeen ? { [HEADERS.firstSeen]: firstSeen } : {});
      await this.publish(sourceQueue, content, properties); // before it is removed here
    });
  }

  /** Publishes a message to a queue, and waits for the confirmation. @throws {Error} if the queue does not receive it */
  private async publish(queue: string, content: Buffer, properties: Options.Publish): Promise<void> {
    const exchange = failedExchange({ queue });
    let returned = false;
    const onReturn = (): void => void (returned = true);
    this.channel.on('return', onReturn); // RabbitMQ returns a message before it confirms it
    try {
      const options = { ...properties, ...this.sender, persistent: true, mandatory: true };
      this.channel.publish(exchange, queue, content, options);
      await this.channel.waitForConfirms();
    } finally {
      this.channel.off('return', onReturn);
    }
    if (returned) throw new Error(`The queue ${queue} is not bound to the exchange ${exchange} with the key ${queue}.`);
  }

  /** Deletes the selected messages. @param record runs before a message is deleted @returns these messages */
  async discard(selection: Selection, record: RecordAction): Promise<ParkedMessage[]> {
    return this.remove(selection, record);
  }

  async close(): Promise<void> {
    await this.channel.close(); // RabbitMQ answers after it has processed the acknowledgements of this channel
    await this.connection.close();
  }

  private async remove(
    { ids, oldest = Infinity, endMs = Infinity }: Selection,
    act: (parked: ParkedMessage, message: GetMessage) => Promise<void>,
  ): Promise<ParkedMessage[]> {
    const removed: ParkedMessage[] = [];
    const missing = ids && new Set(ids);
    await this.eachOf(
      (parked, message) => {
        if (missing && !missing.delete(parked.id)) return null;
        removed.push(parked);
        return act(parked, message);
      },
      { limit: oldest, isDone: () => missing?.size === 0 || performance.now() > endMs },
    );
    return removed;
  }

  /** Visits each message once, in order, until it is done. A message stays parked if `act` returns null for it. */
  private async eachOf(
    act: (parked: ParkedMessage, message: GetMessage) => Promise<void> | null,
    { limit, isDone = () => false }: { limit: number; isDone?: () => boolean },
  ): Promise<void> {
    for (const route of this.routes) {
      const queue = parkedQueue(route);
      const kept: GetMessage[] = [];
      try {
        // The count bounds the loop: a message that is parked again meanwhile is not visited again.
        const { messageCount } = await this.channel.checkQueue(queue);
        for (let left = Math.min(messageCount, limit); left > 0 && !isDone(); left--) {
          const message = await this.channel.get(queue);
          if (!message) break;
          const effect = act(parkedMessageOf(message, route), message);
          if (effect === null) {
            kept.push(message);
            continue;
          }
          await effect;
          this.channel.ack(message);
        }
      } finally {
        for (const message of kept) this.channel.nack(message, false, true);
      }
    }
  }
}

const ROUTES = [PROCESS_PAYMENT, PAYMENT_STAT];

/** Returns a header as text. A sender can set any value. */
export function headerText(headers: ParkedMessage['headers'], name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parkedMessageOf({ content, properties }: GetMessage, { queue }: Route): ParkedMessage {
  const headers = (properties.headers ?? {}) as Record<string, unknown>;
  const text = (name: string): string => (typeof headers[name] === 'string' ? headers[name] : '');
  const id = createHash('sha256')
    .update(queue)
    .update(text(HEADERS.parkedAt))
    .update(content)
    .digest('hex')
    .slice(0, 10);
  return { id, sourceQueue: queue, reason: text(HEADERS.reason), firstSeen: text(HEADERS.firstSeen), headers, content };
}
