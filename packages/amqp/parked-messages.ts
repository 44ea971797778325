import { createHash } from 'node:crypto';
import { connect, type ChannelModel, type ConfirmChannel, type GetMessage } from 'amqplib';
import { declareRoute, parkedQueue, PAYMENT_STAT, PROCESS_PAYMENT, type Route } from './topology';

/** Headers of a message that is parked; those of its first sight outlast a retry. */
export const PARKED = {
  reason: 'x-reason',
  sourceQueue: 'x-source-queue',
  firstSeen: 'x-first-seen',
  parkedAt: 'x-parked-at',
  tries: 'x-tries',
} as const;

export interface ParkedMessage {
  /** Names it for as long as it lies there. */
  id: string;
  /** The queue it was meant for, to which it can be sent back. */
  sourceQueue: string;
  reason: string;
  /** ISO 8601; empty where somebody else has put it there. */
  firstSeen: string;
  headers: Record<string, unknown>;
  content: Buffer;
}

/** The messages that no service could handle, for an operator to look at, send back or throw away. */
export class ParkedMessages {
  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: ConfirmChannel,
  ) {}

  /** @throws where RabbitMQ cannot be reached */
  static async open(url: string): Promise<ParkedMessages> {
    const connection = await connect(url, { clientProperties: { connection_name: 'parked' } });
    const channel = await connection.createConfirmChannel();
    for (const route of ROUTES) await declareRoute(channel, route);
    return new ParkedMessages(connection, channel);
  }

  /** All that lie there, the longest first. */
  async list(): Promise<ParkedMessage[]> {
    const messages: ParkedMessage[] = [];
    await this.eachOf((parked) => (messages.push(parked), null));
    return messages;
  }

  /** Sends messages back to the queue they were meant for. @returns those */
  async retry(isMeant: (message: ParkedMessage) => boolean): Promise<ParkedMessage[]> {
    return this.takeOff(isMeant, async ({ sourceQueue, content, headers }, { properties }) => {
      const { contentType, messageId, correlationId } = properties;
      // Of its headers only when it was first seen: its tries begin anew.
      const kept = PARKED.firstSeen in headers ? { [PARKED.firstSeen]: headers[PARKED.firstSeen] } : {};
      this.channel.sendToQueue(sourceQueue, content, {
        contentType,
        messageId,
        correlationId,
        headers: kept,
        persistent: true,
      });
      await this.channel.waitForConfirms(); // there before it is gone from here
    });
  }

  /** Throws messages away. @returns those */
  async discard(isMeant: (message: ParkedMessage) => boolean): Promise<ParkedMessage[]> {
    return this.takeOff(isMeant, async () => undefined);
  }

  async close(): Promise<void> {
    await this.channel.close(); // answered after all that was acknowledged on it; the connection's end may overtake that
    await this.connection.close();
  }

  private async takeOff(
    isMeant: (message: ParkedMessage) => boolean,
    act: (parked: ParkedMessage, message: GetMessage) => Promise<void>,
  ): Promise<ParkedMessage[]> {
    const meant: ParkedMessage[] = [];
    await this.eachOf((parked, message) => {
      if (!isMeant(parked)) return null;
      meant.push(parked);
      return act(parked, message);
    });
    return meant;
  }

  /** Looks at each message once, in order; what `act` returns null for stays where it was. */
  private async eachOf(act: (parked: ParkedMessage, message: GetMessage) => Promise<void> | null): Promise<void> {
    for (const route of ROUTES) {
      const queue = parkedQueue(route);
      const stays: GetMessage[] = [];
      try {
        // As many as lie there now: what comes back while we are at it is not for this time.
        for (let left = (await this.channel.checkQueue(queue)).messageCount; left > 0; left--) {
          const message = await this.channel.get(queue);
          if (!message) break;
          const acted = act(parkedMessageOf(message, route), message);
          if (acted === null) {
            stays.push(message);
            continue;
          }
          await acted;
          this.channel.ack(message);
        }
      } finally {
        for (const message of stays) this.channel.nack(message, false, true);
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
    .update(text(PARKED.parkedAt))
    .update(content)
    .digest('hex')
    .slice(0, 10);
  return { id, sourceQueue: queue, reason: text(PARKED.reason), firstSeen: text(PARKED.firstSeen), headers, content };
}
