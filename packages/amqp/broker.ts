import { randomUUID } from 'node:crypto';
import { SpanKind } from '@opentelemetry/api';
import type { Channel, ChannelModel, ConfirmChannel, Message, Options, RecoveringChannelModel } from 'amqplib';
import { UnavailableError } from '@shop/runtime/fault';
import pTimeout from 'p-timeout';
import type { BrokerSettings } from '@shop/runtime/environment';
import { readTlsFiles, type TlsFiles } from '@shop/runtime/tls-files';
import { tlsRemedyOf } from '@shop/runtime/tls-remedy';
import { inSpan } from '@shop/runtime/tracing/in-span';
import { bestEffort } from './best-effort';
import { checkTopology, refusalIn, type BrokerAccess } from './check-topology';
import { Confirmation } from './confirmation';
import { connect } from './connect';
import { idempotentQueue } from './idempotent-consumers';
import { senderProblem, userOf } from './sender';
import { declareRoute, PAYMENT_STAT, PROCESS_PAYMENT, type Route } from './topology';
import { traceHeaders } from './trace-headers';

/** The part of a logger that this package uses. */
export interface BrokerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** RabbitMQ is unavailable or did not confirm in time. It may nevertheless have accepted the message. */
export class BrokerUnavailableError extends UnavailableError {
  override name = 'BrokerUnavailableError';
}

export interface BrokerOptions {
  url: string;
  /** The certificates of an `amqps:` connection. */
  tls?: TlsFiles;
  /** Shown in RabbitMQ's list of connections. */
  connectionName: string;
  /** What the service does with the broker, if it only checks what others have declared. */
  checks?: BrokerAccess;
  /** The users whose messages are handled. If it is set, this broker publishes messages with its own user id. */
  verifiedUsers?: readonly string[];
  log: BrokerLog;
}

const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 4_000; // less than the 5 seconds of the local activity that publishes a payment request
const REMEMBER_CONFIRMED_MS = 3_600_000; // longer than the backoff of any caller that timed out

/**
 * A connection to RabbitMQ that reconnects by itself, then declares the topology and creates the consumers again.
 */
export class Broker {
  readonly name = 'broker';
  private connection: RecoveringChannelModel | null = null;
  private publisher: ConfirmChannel | null = null;
  private readonly onConnect: ((model: ChannelModel) => Promise<void>)[] = [];
  private readonly returned = new Set<string>();
  private declaring: Promise<void> | null = null;
  /** Messages of `send` that are unconfirmed, and those that were confirmed after every caller had timed out. */
  private readonly sent = new Map<string, Confirmation>();

  constructor(private readonly options: BrokerOptions) {}

  /** Whether a message can be published now. */
  get isUp(): boolean {
    return this.publisher !== null;
  }

  /** What an operator must change before RabbitMQ can be used, in its own words; null if nothing is known. */
  misconfiguration: string | null = null;

  /** Returns why a message must not be handled, judged by the user who sent it; null if it may. */
  senderProblem(message: Message): string | null {
    const { url, verifiedUsers } = this.options;
    return verifiedUsers ? senderProblem(message, { accepted: verifiedUsers, own: userOf(url) }) : null;
  }

  /** Registers a function that runs on each new connection. Call it before `open`. */
  use(setUp: (model: ChannelModel) => Promise<void>): void {
    this.onConnect.push(setUp);
  }

  /** Starts to connect; does not wait for RabbitMQ. */
  async open(): Promise<void> {
    const { url, tls, connectionName, log } = this.options;
    this.connection = await connect(url, {
      ...tls,
      timeout: CONNECT_TIMEOUT_MS,
      noDelay: true, // a publish and an acknowledgement are two small writes; Nagle's algorithm would delay the second
      clientProperties: { connection_name: connectionName },
      recovery: { waitForConnect: false, setup: (model: ChannelModel) => this.setUp(model) },
    });
    this.connection.on('error', (error) => log.warn({ err: error }, 'RabbitMQ connection failed'));
    this.connection.on('connect', () => log.info({}, 'RabbitMQ connected'));
    this.connection.on('reconnect-scheduled', ({ attempt, delay: retryInMs, error }) => {
      const remedy = tlsRemedyOf(error, 'AMQP_TLS');
      log.warn({ err: error, attempt, retryInMs, remedy }, 'RabbitMQ is unavailable');
    });
  }

  /** Opens a channel. When it closes, the connection closes with it, so that everything is set up again. */
  async channel(model: ChannelModel): Promise<ConfirmChannel> {
    const channel = await model.createConfirmChannel();
    channel.on('error', (error) => this.options.log.warn({ err: error }, 'RabbitMQ channel failed'));
    channel.on('close', () => void model.close().catch(() => undefined));
    return channel;
  }

  /**
   * Publishes a persistent message and waits for the broker's confirmation.
   *
   * @throws {BrokerUnavailableError} if RabbitMQ does not confirm within 4 seconds, or no queue is bound
   */
  async publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    properties: Omit<Options.Publish, 'messageId'> = {},
  ): Promise<void> {
    await confirmed(this.write(exchange, routingKey, content, properties), routingKey);
  }

  /**
   * Publishes a message of the contract as JSON and waits for the broker's confirmation.
   *
   * If this process has already published an equal message that is still unconfirmed, it waits for that one and publishes
   * no copy: a broker that was slow or blocked publishers would accept every copy, and a payment service may charge each.
   *
   * @throws {BrokerUnavailableError} if RabbitMQ does not confirm within 4 seconds, or no queue is bound
   */
  async send(route: Route, message: object, headers: Record<string, unknown> = {}): Promise<void> {
    const { exchange, routingKey } = route;
    const attributes = { 'messaging.system': 'rabbitmq', 'messaging.destination.name': exchange };
    await inSpan(`publish ${routingKey}`, { kind: SpanKind.PRODUCER, attributes }, () =>
      this.sendOnce(route, message, headers),
    );
  }

  private async sendOnce(
    { exchange, routingKey }: Route,
    message: object,
    headers: Record<string, unknown>,
  ): Promise<void> {
    const text = JSON.stringify(message);
    const key = `${exchange} ${routingKey} ${text}`;
    const remove = (): void => void this.sent.delete(key);
    const onUnobserved = (error: Error | null): void => {
      // Every caller timed out, but the message is published: a caller that retries must learn that it is confirmed.
      if (error) remove();
      else setTimeout(remove, REMEMBER_CONFIRMED_MS).unref();
    };
    const confirmation =
      this.sent.get(key) ??
      this.write(
        exchange,
        routingKey,
        Buffer.from(text),
        propertiesWith({ ...headers, ...traceHeaders() }),
        onUnobserved,
      );
    this.sent.set(key, confirmation);
    try {
      await confirmed(confirmation, routingKey);
    } finally {
      if (confirmation.isSettled) remove();
    }
  }

  /**
   * Counts the messages of a declared queue that are ready for delivery, and its consumers.
   *
   * @throws {BrokerUnavailableError} if RabbitMQ is not connected or does not answer within 4 seconds
   */
  async inspect(queue: string): Promise<{ messages: number; consumers: number }> {
    if (!this.publisher) throw new BrokerUnavailableError('RabbitMQ is not connected.');
    const { messageCount, consumerCount } = await pTimeout(this.publisher.checkQueue(queue), {
      milliseconds: ANSWER_TIMEOUT_MS,
      message: new BrokerUnavailableError(`RabbitMQ did not count the messages of ${queue} in time.`),
    });
    return { messages: messageCount, consumers: consumerCount };
  }

  /** Writes a message to the channel. The confirmation settles when the broker answers or the channel closes. */
  private write(
    exchange: string,
    routingKey: string,
    content: Buffer,
    properties: Options.Publish,
    onUnobserved?: (error: Error | null) => void,
  ): Confirmation {
    if (!this.publisher) throw new BrokerUnavailableError('RabbitMQ is not connected.');
    const messageId = randomUUID(); // identifies a returned message
    const confirmation = new Confirmation(onUnobserved);
    const settle = (error: Error | null): void => {
      if (error) {
        confirmation.settle(
          new BrokerUnavailableError(`RabbitMQ did not accept ${routingKey} ${messageId}: ${error.message}`),
        );
      } else if (this.returned.delete(messageId)) {
        confirmation.settle(new BrokerUnavailableError(`No queue is bound to ${exchange}/${routingKey}.`));
      } else {
        confirmation.settle(null);
      }
    };
    try {
      // Without `mandatory`, RabbitMQ confirms a message that no queue receives, and drops it.
      const sender = this.options.verifiedUsers && { userId: userOf(this.options.url) };
      const options = {
        contentType: 'text/json',
        ...properties,
        ...sender,
        messageId,
        persistent: true,
        mandatory: true,
      };
      this.publisher.publish(exchange, routingKey, content, options, settle);
    } catch (error) {
      settle(error instanceof Error ? error : new Error(String(error)));
    }
    return confirmation;
  }

  /** Closes the connection. A broker that does not answer within 3 seconds is not waited for. */
  async stop(): Promise<void> {
    await bestEffort(this.connection?.close());
  }

  /** Declares the topology again after a message was returned, because somebody may have deleted a queue or a binding. */
  private declareAgain(channel: Channel): void {
    if (this.options.checks) return;
    this.declaring ??= bestEffort(declareAll(channel)).finally(() => (this.declaring = null));
  }

  private async setUp(model: ChannelModel): Promise<void> {
    try {
      await this.setUpChannels(model);
      this.misconfiguration = null;
    } catch (error) {
      this.misconfiguration = refusalIn(error);
      throw error;
    }
  }

  private async setUpChannels(model: ChannelModel): Promise<void> {
    // The recovering connection listens for errors of its model only after this set-up.
    model.on('error', (error) => this.options.log.warn({ err: error }, 'RabbitMQ connection broke'));
    const channel = await this.channel(model);
    channel.on('return', (message) => {
      this.returned.add(String(message.properties.messageId));
      this.declareAgain(channel);
    });
    channel.on('close', () => {
      this.publisher = null;
      this.returned.clear();
    });
    const { checks } = this.options;
    await (checks ? checkTopology(model, checks) : declareAll(channel));
    this.publisher = channel;
    for (const setUp of this.onConnect) await setUp(model);
  }
}

/** Creates the broker of the settings. @returns null if AMQP_URL is none */
export function createBroker(
  { AMQP_URL: url, TOPOLOGY: topology, AMQP_VERIFY_USER: verifiedUsers, ...settings }: BrokerSettings,
  { access, ...options }: Pick<BrokerOptions, 'connectionName' | 'log'> & { access: BrokerAccess },
): Broker | null {
  if (url === null) return null;
  const tls = readTlsFiles('AMQP_TLS', settings);
  return new Broker({
    url,
    tls,
    ...options,
    ...(topology === 'check' && { checks: access }),
    ...(verifiedUsers.length > 0 && { verifiedUsers }),
  });
}

const confirmed = (confirmation: Confirmation, routingKey: string): Promise<void> =>
  confirmation.wait(
    ANSWER_TIMEOUT_MS,
    () => new BrokerUnavailableError(`RabbitMQ did not confirm ${routingKey} in time.`),
  );

// Each service declares both routes, so that neither depends on the other to start first.
async function declareAll(channel: Channel): Promise<void> {
  await declareRoute(channel, PROCESS_PAYMENT);
  await declareRoute(channel, PAYMENT_STAT);
  await channel.assertQueue(idempotentQueue(PROCESS_PAYMENT), { durable: true });
}

/** A message without headers has no table of headers, as the messages of the original. */
const propertiesWith = (headers: Record<string, unknown>): Options.Publish =>
  Object.keys(headers).length > 0 ? { headers } : {};
