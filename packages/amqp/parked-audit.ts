import { connectOrders, type OrdersClient } from '@shop/prisma/clients';
import { z } from 'zod';
import type { ParkedMessage } from './parked-messages';
import { readMessage } from './read-message';
import { uuid } from './uuid';

/** The steps in the history of an order that say what an operator did with a parked message. */
export const PARKED_STEPS = { retry: 'message-retried', discard: 'message-discarded' } as const;

export interface ParkedAction {
  action: keyof typeof PARKED_STEPS;
  /** Who acts, for example `operator:ann@host`. */
  actor: string;
}

export interface AuditOptions {
  /** The database of order-management; without one, only log lines are written. */
  databaseUrl: string | undefined;
  /** Writes a log line. */
  write: (line: string) => void;
}

const CONNECT_TIMEOUT_MS = 3_000;
const ofOrder = z.object({ orderId: uuid });

/**
 * Records who retries or discards a parked message: as a line of JSON, and in the history of the order that the message
 * names. Never fails: an unavailable database must not prevent that an operator handles messages. The line has the reason.
 */
export async function recordParkedAction(
  done: ParkedAction,
  message: ParkedMessage,
  { databaseUrl, write }: AuditOptions,
): Promise<void> {
  const [{ action, actor }, { id, sourceQueue, reason }] = [done, message];
  const event = stepOf(done, message);
  const orderId = event?.orderId ?? null;
  let history = 'DATABASE_URL is not set';
  if (event === null) history = 'the message names no order';
  else if (databaseUrl !== undefined) history = await recordStep(databaseUrl, event).catch(lastLineOf);
  const time = new Date().toISOString();
  const fields = { actor, action, id, queue: sourceQueue, orderId, reason, history };
  write(JSON.stringify({ level: 'info', time, service: 'parked', ...fields, msg: 'parked message handled' }));
}

/** The last line of an error of Prisma has its cause; the lines before show the call. */
const lastLineOf = (error: unknown): string => String(error).trim().split('\n').at(-1) ?? '';

interface ParkedStep {
  orderId: string;
  step: string;
  reason: string;
  actor: string;
}

/** Makes the step of an action in the history of the order that the message names; null if it names none. */
function stepOf({ action, actor }: ParkedAction, { id, sourceQueue, content }: ParkedMessage): ParkedStep | null {
  const read = readMessage(content, ofOrder);
  if (!('value' in read)) return null;
  return { orderId: read.value.orderId, step: PARKED_STEPS[action], reason: `${sourceQueue} ${id}`, actor };
}

/** Records an action in the history of the order that the message names, if there is such an order. */
export async function recordInHistory(
  database: Pick<OrdersClient, '$executeRaw'>,
  action: ParkedAction,
  message: ParkedMessage,
): Promise<void> {
  const event = stepOf(action, message);
  if (event) await insertStep(database, event);
}

/** @returns `recorded`, or why there is no order to record it for */
async function insertStep(
  database: Pick<OrdersClient, '$executeRaw'>,
  { orderId, step, reason, actor }: ParkedStep,
): Promise<string> {
  const recorded = await database.$executeRaw`
    INSERT INTO order_events (order_id, step, reason, actor)
    SELECT order_id, ${step}::text, ${reason}::text, ${actor}::text FROM orders WHERE order_id = ${orderId}::uuid`;
  return recorded > 0 ? 'recorded' : 'there is no such order';
}

/** @returns `recorded`, or why there is no order to record it for */
async function recordStep(databaseUrl: string, event: ParkedStep): Promise<string> {
  const database = connectOrders(databaseUrl, { poolSize: 1, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    return await insertStep(database, event);
  } finally {
    await database.$disconnect();
  }
}
