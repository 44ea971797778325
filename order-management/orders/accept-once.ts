import type { OrdersClient } from '@shop/prisma/clients';
import { isDuplicate } from '@shop/prisma/errors';
import { acceptOrder, type Acceptance, type OrderRequest } from './accept-order';
import { findByKey, type KeptOrder, type OrderKey } from './order-key';

/**
 * Accepts an order unless its key has placed one already, also where both come at once.
 *
 * @returns what became of it, or the order that the key has placed
 */
export async function acceptOnce(
  database: OrdersClient,
  wanted: OrderRequest,
  examineAfterMs: number,
  key: OrderKey | null,
): Promise<Acceptance | KeptOrder> {
  if (key === null) return acceptOrder(database, wanted, examineAfterMs);
  const kept = await findByKey(database, key);
  if (kept) return kept;
  try {
    const outcome = await acceptOrder(database, wanted, examineAfterMs, key);
    // Refused because its twin, which came at the same time, took what it wanted: the twin's order is the answer.
    return outcome.accepted ? outcome : ((await findByKey(database, key)) ?? outcome);
  } catch (error) {
    const twin = isDuplicate(error) ? await findByKey(database, key) : null;
    if (!twin) throw error;
    return twin;
  }
}
