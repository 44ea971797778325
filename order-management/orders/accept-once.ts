import type { OrdersClient } from '@shop/prisma/clients';
import { isDuplicate } from '@shop/prisma/errors';
import { acceptOrder, type Acceptance, type OrderRequest } from './accept-order';
import type { Backlog } from './backlog';
import { findByKey, type KeptOrder, type OrderKey } from './order-key';

export interface AcceptNeeds {
  database: OrdersClient;
  backlog: Pick<Backlog, 'admit'>;
  /** When the sweeper is to look at a new order. */
  examineAfterMs: number;
}

/**
 * Accepts an order unless its key has placed one already, also where both come at once.
 *
 * @returns what became of it, or the order that the key has placed
 * @throws BacklogFullError where too many orders wait to be settled
 */
export async function acceptOnce(
  { database, backlog, examineAfterMs }: AcceptNeeds,
  wanted: OrderRequest,
  key: OrderKey | null,
): Promise<Acceptance | KeptOrder> {
  const kept = key && (await findByKey(database, key));
  if (kept) return kept;
  try {
    const outcome = await backlog.admit(() => acceptOrder(database, wanted, examineAfterMs, key));
    if (outcome.accepted || key === null) return outcome;
    // Refused because its twin, which came at the same time, took what it wanted: the twin's order is the answer.
    return (await findByKey(database, key)) ?? outcome;
  } catch (error) {
    const twin = key && isDuplicate(error) ? await findByKey(database, key) : null;
    if (!twin) throw error;
    return twin;
  }
}
