import type { OrdersClient } from '@shop/prisma/clients';
import { isDuplicate } from '@shop/prisma/errors';
import { ANONYMOUS, type Caller } from '@shop/runtime/access/caller';
import { acceptOrder, type Acceptance, type OrderRequest } from './accept-order';
import type { Backlog } from './backlog';
import { findByKey, type KeptOrder, type OrderKey } from './order-key';

export interface AcceptNeeds {
  database: OrdersClient;
  backlog: Pick<Backlog, 'admit'>;
  /** Time until the sweeper checks a new order, in milliseconds. */
  examineAfterMs: number;
}

/**
 * Accepts an order, unless another request with the same idempotency key has placed one, earlier or concurrently.
 *
 * @returns the acceptance or refusal, or the order that the key belongs to
 * @throws {BacklogFullError} if too many orders wait to be settled
 */
export async function acceptOnce(
  { database, backlog, examineAfterMs }: AcceptNeeds,
  request: OrderRequest,
  key: OrderKey | null,
  caller: Pick<Caller, 'actor'> = ANONYMOUS,
): Promise<Acceptance | KeptOrder> {
  const kept = key && (await findByKey(database, key));
  if (kept) return kept;
  try {
    const outcome = await backlog.admit(() => acceptOrder(database, request, examineAfterMs, key, caller));
    if (outcome.accepted || key === null) return outcome;
    // A concurrent request with this key may have taken the stock: its order is the answer.
    return (await findByKey(database, key)) ?? outcome;
  } catch (error) {
    const concurrent = key && isDuplicate(error) ? await findByKey(database, key) : null;
    if (!concurrent) throw error;
    return concurrent;
  }
}
