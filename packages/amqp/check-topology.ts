import type { ChannelModel, ConfirmChannel } from 'amqplib';
import pTimeout from 'p-timeout';
import { idempotentQueue } from './idempotent-consumers';
import { failedExchange, PAYMENT_STAT, PROCESS_PAYMENT, queuesOf, type Route } from './topology';

/** What a service does with the broker: it consumes the queue of one route, and publishes on the other. */
export interface BrokerAccess {
  consumes: Route;
  publishes: Route;
}

/** The broker lacks something that an operator must add. The message lists it. */
export class TopologyError extends Error {
  override name = 'TopologyError';
}

/**
 * Checks that the exchanges and queues exist, and that this user may publish. Declares nothing, so that it needs no right to
 * configure. AMQP cannot list bindings: a missing one is reported when a message is published. A consumer reports a
 * missing right to read.
 *
 * @throws {TopologyError} that lists everything that is missing, in RabbitMQ's words
 */
export async function checkTopology(model: ChannelModel, { consumes, publishes }: BrokerAccess): Promise<void> {
  const routes = [PROCESS_PAYMENT, PAYMENT_STAT];
  const exchanges = [...routes.map(({ exchange }) => exchange), failedExchange(consumes)];
  const queues = [...queuesOf(consumes), publishes.queue, idempotentQueue(PROCESS_PAYMENT)];
  const missing = [
    ...(await refusals(exchanges, (name) => refusalOf(model, (channel) => channel.checkExchange(name)))),
    ...(await refusals(queues, (name) => refusalOf(model, (channel) => channel.checkQueue(name)))),
  ];
  if (missing.length === 0) {
    missing.push(
      ...(await refusals([publishes], ({ exchange, routingKey }) => publishRefusal(model, exchange, routingKey))),
      ...(await refusals([failedExchange(consumes)], (exchange) => publishRefusal(model, exchange, consumes.queue))),
    );
  }
  if (missing.length > 0) throw new TopologyError(missing.join('; '));
}

/** Runs one check after the other. @returns the refusals */
async function refusals<T>(values: T[], check: (value: T) => Promise<string | null>): Promise<string[]> {
  const found: string[] = [];
  for (const value of values) {
    const refusal = await check(value);
    if (refusal !== null) found.push(refusal);
  }
  return found;
}

/** Runs an operation on a channel of its own, which RabbitMQ closes if it refuses the operation. */
async function refusalOf(
  model: ChannelModel,
  operation: (channel: ConfirmChannel) => Promise<unknown>,
): Promise<string | null> {
  const channel = await model.createConfirmChannel();
  channel.on('error', () => undefined); // the operation throws it as well
  try {
    await operation(channel);
    await channel.close();
    return null;
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal === null) throw error; // the connection broke
    return refusal;
  }
}

/**
 * Checks the right to publish without publishing: RabbitMQ checks the rights first, and then refuses a message whose
 * `user_id` is not the user of the connection (https://www.rabbitmq.com/docs/validated-user-id). It would accept the message,
 * which is empty, only from a user with the tag `impersonator`.
 */
async function publishRefusal(model: ChannelModel, exchange: string, routingKey: string): Promise<string | null> {
  const channel = await model.createConfirmChannel();
  const answered = new Promise<(Error & { code?: number }) | null>((resolve) => {
    channel.on('error', resolve);
    channel.publish(exchange, routingKey, Buffer.alloc(0), { userId: 'topology-check' }, (error: unknown) => {
      if (!error) resolve(null);
    });
  });
  const error = await pTimeout(answered, { milliseconds: ANSWER_TIMEOUT_MS });
  if (error === null) await channel.close();
  if (error === null || error.code === PRECONDITION_FAILED) return null;
  return `no right to publish on ${exchange} with the key ${routingKey}: ${refusalIn(error)}`;
}

const ANSWER_TIMEOUT_MS = 4_000;

/** Reply codes of AMQP 0-9-1. */
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const PRECONDITION_FAILED = 406;

/** Returns what RabbitMQ refuses until an operator changes it, in its own words; null if the error is another one. */
export function refusalIn(error: unknown): string | null {
  if (error instanceof TopologyError) return error.message;
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  if (code !== ACCESS_REFUSED && code !== NOT_FOUND && code !== PRECONDITION_FAILED) return null;
  return /with message "(.*)"/s.exec(message)?.[1] ?? message;
}
