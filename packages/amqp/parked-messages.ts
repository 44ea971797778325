import { createHash } from 'node:crypto';
import type { TlsFiles } from '@shop/runtime/tls-files';
import type { ChannelModel, ConfirmChannel, GetMessage } from 'amqplib';
import { connect } from './connect';
import { HEADERS, propertiesOfCopy } from './republish';
import { declareRoute, parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT, type Route } from './topology';

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

/** The messages that no service could handle. An operator lists, retries or discards them. */
export class ParkedMessages {
  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: ConfirmChannel,
  ) {}

  /** Connects to RabbitMQ. @throws {Error} if it is unavailable */
  static async open(url: string, tls: TlsFiles = {}): Promise<ParkedMessages> {
    const connection = await connect(url, { ...tls, clientProperties: { connection_name: 'parked' } });
    const channel = await connection.createConfirmChannel();
    for (const route of ROUTES) await declareRoute(channel, route);
    return new ParkedMessages(connection, channel);
  }

  /** Lists all parked messages, the oldest first. */
  async list(): Promise<ParkedMessage[]> {
    const messages: ParkedMessage[] = [];
    await this.eachOf((parked) => (messages.push(parked), null));
    return messages;
  }

  /** Returns the selected messages to their source queue. @returns these messages */
  async retry(isSelected: (message: ParkedMessage) => boolean): Promise<ParkedMessage[]> {
    return this.remove(isSelected, async ({ sourceQueue, content, firstSeen }, message) => {
      // Without the header that counts tries, so that the count starts again.
      const properties = propertiesOfCopy(message, firstSeen ? { [HEADERS.firstSeen]: firstSeen } : {});
      this.channel.sendToQueue(sourceQueue, content, { ...properties, persistent: true });
      await this.channel.waitForConfirms(); // published before it is removed here
    });
  }

  /** Deletes the selected messages. @returns these messages */
  async discard(isSelected: (message: ParkedMessage) => boolean): Promise<ParkedMessage[]> {
    return this.remove(isSelected, async () => undefined);
  }

  async close(): Promise<void> {
    await this.channel.close(); // RabbitMQ answers after it has processed the acknowledgements of this channel
    await this.connection.close();
  }

  private async remove(
    isSelected: (message: ParkedMessage) => boolean,
    act: (parked: ParkedMessage, message: GetMessage) => Promise<void>,
  ): Promise<ParkedMessage[]> {
    const removed: ParkedMessage[] = [];
    await this.eachOf((parked, message) => {
      if (!isSelected(parked)) return null;
      removed.push(parked);
      return act(parked, message);
    });
    return removed;
  }

  /** Visits each message once, in order. A message stays parked if `act` returns null for it. */
  private async eachOf(act: (parked: ParkedMessage, message: GetMessage) => Promise<void> | null): Promise<void> {
    for (const route of ROUTES) {
      const queue = parkedQueue(route);
      const kept: GetMessage[] = [];
      try {
        // The count bounds the loop: a message that is parked again meanwhile is not visited again.
        for (let left = (await this.channel.checkQueue(queue)).messageCount; left > 0; left--) {
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
