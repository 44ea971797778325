import { createHash } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import type { OrderRequest } from './accept-order';

/** The idempotency key of a request: a client that repeats the request gets the same order. */
export interface OrderKey {
  key: string;
  /** A hash of what was ordered: it differs if another order is sent with the same key. */
  fingerprint: string;
}

/** The order that a key belongs to, and whether the request was the same. */
export interface KeptOrder {
  orderId: string;
  sameRequest: boolean;
}

/** Returns a hash of the customer and the ordered products. The sequence of the lines does not change it. */
export function fingerprintOf({ customerId, lines }: OrderRequest): string {
  const sorted = lines.map(({ productId, quantity }) => `${productId} ${quantity}`).toSorted();
  return createHash('sha256')
    .update([customerId, ...sorted].join('\n'))
    .digest('hex');
}

/** Finds the order that was placed with a key within the last 24 hours; null if there is none. */
export async function findByKey(database: OrdersClient, { key, fingerprint }: OrderKey): Promise<KeptOrder | null> {
  const rows = await database.$queryRaw<KeptOrder[]>`
    WITH expired AS (
      DELETE FROM idempotency_keys WHERE key = ${key} AND created_at <= now() - interval '24 hours'
    )
    SELECT order_id AS "orderId", fingerprint = ${fingerprint} AS "sameRequest"
    FROM idempotency_keys WHERE key = ${key} AND created_at > now() - interval '24 hours'`;
  return rows[0] ?? null;
}

const BATCH = 1_000;

/** Deletes a batch of the keys that are older than 24 hours. */
export async function deleteExpiredKeys(database: OrdersClient): Promise<void> {
  await database.$executeRaw`
    DELETE FROM idempotency_keys WHERE key IN (
      SELECT key FROM idempotency_keys WHERE created_at <= now() - interval '24 hours'
      ORDER BY created_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;
}
