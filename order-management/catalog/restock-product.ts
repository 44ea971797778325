import type { OrdersClient } from '@shop/prisma/clients';
import { isDuplicate } from '@shop/prisma/errors';
import { MAX_STOCK } from './stock';
import { findProduct, type ProductWithState } from './products';

export interface RestockRequest {
  productId: string;
  /** The number of units to add; a negative number removes units. */
  quantity: number;
  /** A repeated request with this key changes the stock once. */
  key: string | null;
}

export type RestockOutcome =
  | { outcome: 'done'; product: ProductWithState }
  /** The stock would become negative or too large. */
  | { outcome: 'out of range'; product: ProductWithState }
  | { outcome: 'other request with this key' }
  | { outcome: 'not found' };

/**
 * Adds units to the stock of a product, or removes them, in one statement. Concurrent orders, cancels and restocks change
 * the same row one after the other, so none of them is lost.
 */
export async function restockProduct(database: OrdersClient, request: RestockRequest): Promise<RestockOutcome> {
  const earlier = await findRestock(database, request);
  if (earlier) return answerRepeated(database, request, earlier);
  try {
    const changed = await addStock(database, request);
    // A concurrent request with this key may have used up the range: then this one repeats it.
    const concurrent = changed ? null : await findRestock(database, request);
    if (concurrent) return await answerRepeated(database, request, concurrent);
    const product = await findProduct(database, request.productId);
    if (!product) return { outcome: 'not found' };
    return { outcome: changed ? 'done' : 'out of range', product };
  } catch (error) {
    const concurrent = isDuplicate(error) ? await findRestock(database, request) : null;
    if (!concurrent) throw error;
    return answerRepeated(database, request, concurrent);
  }
}

/**
 * Adds the quantity unless the stock would leave its range. The original may have left a negative stock: units can be
 * added to it, even if it stays negative.
 *
 * @returns whether it changed the stock
 * @throws a unique violation (`isDuplicate`) if a restock with this key exists
 */
async function addStock(database: OrdersClient, { productId, quantity, key }: RestockRequest): Promise<boolean> {
  const changed = await database.$queryRaw<object[]>`
    WITH changed AS (
      UPDATE products SET quantity_available = quantity_available + ${quantity}::int
      WHERE product_id = ${productId}::uuid
        AND quantity_available::bigint + ${quantity}::int <= ${MAX_STOCK}::int
        AND (${quantity}::int > 0 OR quantity_available::bigint + ${quantity}::int >= 0)
      RETURNING product_id
    ), keyed AS (
      INSERT INTO restocks (key, product_id, quantity)
      SELECT ${key}::text, product_id, ${quantity}::int FROM changed WHERE ${key !== null}::boolean
    )
    SELECT product_id FROM changed`;
  return changed.length > 0;
}

interface KeptRestock {
  sameRequest: boolean;
}

/** Finds the restock with the key of a request, of the last 24 hours; null if there is none. */
async function findRestock(
  database: OrdersClient,
  { productId, quantity, key }: RestockRequest,
): Promise<KeptRestock | null> {
  if (key === null) return null;
  const rows = await database.$queryRaw<KeptRestock[]>`
    WITH expired AS (DELETE FROM restocks WHERE key = ${key} AND created_at <= now() - interval '24 hours')
    SELECT product_id = ${productId}::uuid AND quantity = ${quantity}::int AS "sameRequest"
    FROM restocks WHERE key = ${key} AND created_at > now() - interval '24 hours'`;
  return rows[0] ?? null;
}

async function answerRepeated(
  database: OrdersClient,
  { productId }: RestockRequest,
  { sameRequest }: KeptRestock,
): Promise<RestockOutcome> {
  if (!sameRequest) return { outcome: 'other request with this key' };
  const product = await findProduct(database, productId);
  return product ? { outcome: 'done', product } : { outcome: 'not found' };
}

const BATCH = 1_000;

/** Deletes a batch of the keys of restocks that are older than 24 hours. */
export async function deleteExpiredRestocks(database: OrdersClient): Promise<void> {
  await database.$executeRaw`
    DELETE FROM restocks WHERE key IN (
      SELECT key FROM restocks WHERE created_at <= now() - interval '24 hours'
      ORDER BY created_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;
}
