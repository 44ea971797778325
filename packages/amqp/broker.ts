import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  connect,
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type Options,
  type RecoveringChannelModel,
} from 'amqplib';
import { Confirmation } from './confirmation';
import { patiently } from './patience';
import { declareRoute, PAYMENT_STAT, PROCESS_PAYMENT, type Route } from './topology';

/** What the broker's users need of a logger. */
export interface BrokerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** RabbitMQ cannot be reached, or has not confirmed in time: whether a message was taken is unknown. */
export class BrokerUnavailableError extends Error {
  override name = 'BrokerUnavailableError';
}

export interface BrokerOptions {
  url: string;
  /** Shown in RabbitMQ's list of connections. */
  connectionName: string;
  log: BrokerLog;
}

const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 4_000; // within the time that a step of the saga has
const ASKED_AGAIN_WITHIN_MS = 3_600_000; // longer than it takes until each of many that gave up has had its next try

/**
 * A connection to RabbitMQ that comes back by itself, with its topology declared and its consumers re-created.
 * Opening it does not wait for the broker.
 */
export class Broker {
  readonly name = 'broker';
  private connection: RecoveringChannelModel | null = null;
  private publisher: ConfirmChannel | null = null;
  private readonly onConnect: ((model: ChannelModel) => Promise<void>)[] = [];
  private readonly returned = new Set<string>();
  /** Messages of the contract that wait to be confirmed, and those that were once nobody waited any more. */
  private readonly sent = new Map<string, Confirmation>();

  constructor(private readonly options: BrokerOptions) {}

  /** Whether a message could be published now. */
  get isUp(): boolean {
    return this.publisher !== null;
  }

  /** Registers what is to be set up anew on each connection; before `open`. */
  use(setUp: (model: ChannelModel) => Promise<void>): void {
    this.onConnect.push(setUp);
  }

  async open(): Promise<void> {
    const { url, connectionName, log } = this.options;
    this.connection = await connect(url, {
      timeout: CONNECT_TIMEOUT_MS,
      noDelay: true, // a publish and an acknowledgement are small writes: waiting to join them costs seconds
      clientProperties: { connection_name: connectionName },
      recovery: { waitForConnect: false, setup: (model: ChannelModel) => this.setUp(model) },
    });
    this.connection.on('error', (error) => log.warn({ err: error }, 'RabbitMQ connection failed'));
    this.connection.on('connect', () => log.info({}, 'RabbitMQ connected'));
    this.connection.on('reconnect-scheduled', ({ attempt, delay: retryInMs, error }) => {
      log.warn({ err: error, attempt, retryInMs }, 'RabbitMQ is away');
    });
  }

  /** Opens a channel whose end is the connection's: with one gone, all is set up anew. */
  async channel(model: ChannelModel): Promise<ConfirmChannel> {
    const channel = await model.createConfirmChannel();
    channel.on('error', (error) => this.options.log.warn({ err: error }, 'RabbitMQ channel failed'));
    channel.on('close', () => void model.close().catch(() => undefined));
    return channel;
  }

  /**
   * Publishes a persistent message and waits until the broker has it.
   *
   * @throws BrokerUnavailableError where it does not confirm, or no queue takes the message
   */
  async publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    properties: Options.Publish = {},
  ): Promise<void> {
    await inTime(this.write(exchange, routingKey, content, properties), routingKey);
  }

  /**
   * Publishes a message of the contract as JSON. One that this process has on its way is waited for, not written again: a
   * broker that has only been slow, or has blocked publishers, would take each copy, and a payment service may charge each.
   *
   * @throws BrokerUnavailableError likewise
   */
  async send({ exchange, routingKey }: Route, message: object): Promise<void> {
    const text = JSON.stringify(message);
    const key = `${exchange} ${routingKey} ${text}`;
    const forget = (): void => void this.sent.delete(key);
    const onUnheard = (error: Error | null): void => {
      // Given up on, but not taken back: where it was confirmed, whoever asks for it again is told so.
      if (error) forget();
      else setTimeout(forget, ASKED_AGAIN_WITHIN_MS).unref();
    };
    const confirmation = this.sent.get(key) ?? this.write(exchange, routingKey, Buffer.from(text), {}, onUnheard);
    this.sent.set(key, confirmation);
    try {
      await inTime(confirmation, routingKey);
    } finally {
      if (confirmation.isSettled) forget();
    }
  }

  /** How many messages wait in a queue that we have declared. @throws BrokerUnavailableError */
  async waitingIn(queue: string): Promise<number> {
    if (!this.publisher) throw new BrokerUnavailableError('RabbitMQ is not connected.');
    const tooLate = delay(ANSWER_TIMEOUT_MS, null, { ref: false });
    const counted = await Promise.race([this.publisher.checkQueue(queue), tooLate]);
    if (!counted) throw notInTime(`counted ${queue}`);
    return counted.messageCount;
  }

  /** Writes a message. @returns what is settled when the broker has it, or its channel has ended */
  private write(
    exchange: string,
    routingKey: string,
    content: Buffer,
    properties: Options.Publish,
    onUnheard?: (error: Error | null) => void,
  ): Confirmation {
    if (!this.publisher) throw new BrokerUnavailableError('RabbitMQ is not connected.');
    const messageId = properties.messageId ?? randomUUID();
    const confirmation = new Confirmation(onUnheard);
    const settle = (error: Error | null): void => {
      if (error) {
        confirmation.settle(
          new BrokerUnavailableError(`RabbitMQ did not take ${routingKey} ${messageId}: ${error.message}`),
        );
      } else if (this.returned.delete(messageId)) {
        confirmation.settle(new BrokerUnavailableError(`No queue takes ${exchange}/${routingKey}.`));
      } else {
        confirmation.settle(null);
      }
    };
    try {
      // Mandatory: a message that no queue takes comes back, instead of being confirmed and forgotten.
      const options = { contentType: 'text/json', ...properties, messageId, persistent: true, mandatory: true };
      this.publisher.publish(exchange, routingKey, content, options, settle);
    } catch (error) {
      settle(error instanceof Error ? error : new Error(String(error)));
    }
    return confirmation;
  }

  /** Closes the connection; one that the broker does not answer on is left to break. */
  async stop(): Promise<void> {
    await patiently(this.connection?.close());
  }

  private async setUp(model: ChannelModel): Promise<void> {
    // The recovering connection listens to its model only once that is set up.
    model.on('error', (error) => this.options.log.warn({ err: error }, 'RabbitMQ connection broke'));
    const channel = await this.channel(model);
    channel.on('return', (message) => this.returned.add(String(message.properties.messageId)));
    channel.on('close', () => {
      this.publisher = null;
      this.returned.clear();
    });
    await declareAll(channel);
    this.publisher = channel;
    for (const setUp of this.onConnect) await setUp(model);
  }
}

const inTime = (confirmation: Confirmation, routingKey: string): Promise<void> =>
  confirmation.within(ANSWER_TIMEOUT_MS, () => notInTime(`confirmed ${routingKey}`));

const notInTime = (done: string): BrokerUnavailableError =>
  new BrokerUnavailableError(`RabbitMQ has not ${done} in time.`);

// Both sides declare both routes: whichever service starts first, no message finds its queue missing.
async function declareAll(channel: Channel): Promise<void> {
  await declareRoute(channel, PROCESS_PAYMENT);
  await declareRoute(channel, PAYMENT_STAT);
}
