import type { Message, Options } from 'amqplib';
import { traceHeadersOf } from './trace-headers';

/** The headers that this system adds to a message in its own queues. `firstSeen` survives `parked retry`. */
export const HEADERS = {
  reason: 'x-reason',
  sourceQueue: 'x-source-queue',
  firstSeen: 'x-first-seen',
  lastFailed: 'x-last-failed',
  parkedAt: 'x-parked-at',
  tries: 'x-tries',
} as const;

/** What the sender had set: a property as `sender.<name>`, a header as `sender.headers.<name>`. */
const SENDER_PREFIX = 'sender.';

export type MessageHeaders = Readonly<Record<string, unknown>>;

/** Returns the headers that the sender of a message has set, also if the message is a copy. Then their values are text. */
export function senderHeadersOf({ properties: { headers = {} } }: Pick<Message, 'properties'>): MessageHeaders {
  if (!Object.hasOwn(headers, HEADERS.firstSeen)) return headers;
  const prefix = `${SENDER_PREFIX}headers.`;
  const own = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Limits in bytes of UTF-8. Together they fit into the shortest frame that AMQP 0-9-1 allows, which has 4,096 bytes. */
const MAX_BYTES = {
  shortString: 255, // as AMQP encodes a content type and the name of a header
  reason: 1_000,
  value: 500, // enough to recognize a value of the sender
  sender: 2_000, // everything that the sender had set
  overhead: 6, // the lengths and the type of one header
};

/** How often a message has failed, and when first and last. */
export interface Failures {
  tries: number;
  firstSeen: Date;
  lastFailed: Date;
}

/** Reads the failures of a message that was retried. Any sender can set these headers, to anything. */
export function failuresOf({ properties: { headers = {} } }: Pick<Message, 'properties'>): Failures {
  const tries: unknown = headers[HEADERS.tries];
  const firstSeen = pastDate(headers[HEADERS.firstSeen], new Date());
  return {
    tries: typeof tries === 'number' && Number.isSafeInteger(tries) && tries > 0 ? tries : 0,
    firstSeen,
    lastFailed: pastDate(headers[HEADERS.lastFailed], firstSeen),
  };
}

function pastDate(value: unknown, fallback: Date): Date {
  const date = typeof value === 'string' ? new Date(value) : fallback;
  return date < new Date() ? date : fallback; // an invalid date is not earlier
}

/**
 * Selects the properties of a message that is published again, to be parked or retried.
 *
 * They contain nothing of the sender that RabbitMQ acts on: `CC` and `BCC` would copy the message to other queues,
 * `expiration` would delete it, and RabbitMQ rejects the `userId` of another user. What the sender had set is kept under a
 * prefix as text of limited size, so that every message can be encoded. Valid trace headers stay as they are.
 *
 * @param added the headers of this system
 */
export function propertiesOfCopy(
  message: Pick<Message, 'properties'>,
  added: Record<string, string | number>,
): Options.Publish {
  const { contentType, ...others } = message.properties;
  const trace = traceHeadersOf(message);
  const headers = { ...senderHeaders(others, trace), ...trace, ...added };
  const isShort = typeof contentType === 'string' && Buffer.byteLength(contentType) <= MAX_BYTES.shortString;
  return isShort ? { contentType, headers } : { headers };
}

/** Shortens a reason so that it can be a header. */
export const shortReason = (reason: string): string => truncate(reason, MAX_BYTES.reason);

function senderHeaders(
  { headers = {}, ...properties }: Partial<Message['properties']>,
  trace: Record<string, string>,
): Record<string, string> {
  // A copy has the properties of this system; its headers contain what the sender had set.
  const isCopy = Object.hasOwn(headers, HEADERS.firstSeen);
  const entries = isCopy
    ? Object.entries(headers).filter(([name]) => name.startsWith(SENDER_PREFIX))
    : [...withPrefix(SENDER_PREFIX, properties), ...withPrefix(`${SENDER_PREFIX}headers.`, headers, trace)];
  const kept: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of entries) {
    const text = truncate(textOf(value), MAX_BYTES.value);
    const size = Buffer.byteLength(name) + Buffer.byteLength(text) + MAX_BYTES.overhead;
    if (Buffer.byteLength(name) > MAX_BYTES.shortString || bytes + size > MAX_BYTES.sender) continue;
    kept[name] = text;
    bytes += size;
  }
  return kept;
}

const withPrefix = (prefix: string, values: object, except: object = {}): [string, unknown][] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined || Object.hasOwn(except, name) ? [] : [[prefix + name, value]],
  );

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value);
  } catch {
    return '(nested too deeply)';
  }
}

/** Cuts a text at a character boundary. */
const truncate = (text: string, maxBytes: number): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(text).subarray(0, maxBytes), { stream: true });
