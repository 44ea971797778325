import { createHash } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import type { OrderRequest } from './accept-order';

/** How a client names one order, so that sending it again places no second one. */
export interface OrderKey {
  key: string;
  /** Tells another order under the same key. */
  fingerprint: string;
}

/** The order that a key has placed, and whether it was this one. */
export interface KeptOrder {
  orderId: string;
  sameRequest: boolean;
}

/** Tells orders apart by what they order, not by how the request spelt it. */
export function fingerprintOf({ customerId, lines }: OrderRequest): string {
  const sorted = lines.map(({ productId, quantity }) => `${productId} ${quantity}`).toSorted();
  return createHash('sha256')
    .update([customerId, ...sorted].join('\n'))
    .digest('hex');
}

/** The order that a key has placed within the last 24 hours; null where there is none. */
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

/** Forgets keys that are older than 24 hours, a batch of them. */
export async function forgetExpiredKeys(database: OrdersClient): Promise<void> {
  await database.$executeRaw`
    DELETE FROM idempotency_keys WHERE key IN (
      SELECT key FROM idempotency_keys WHERE created_at <= now() - interval '24 hours'
      ORDER BY created_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;
}
