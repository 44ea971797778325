import { CancellationScope, proxyLocalActivities, upsertSearchAttributes } from '@temporalio/workflow';
import type { CancelOrder } from './compensations';
import type { OrderActivities, PaymentRequest, PlaceOrderInput, RefundInput, Settlement } from './contract';
import { notPaid, type Inbox } from './inbox';
import { ORDER_STATUS } from './search-attributes';

// Short steps on our own database: local activities, a third of the cost. A stuck one holds its workflow task, so an
// attempt is short, and past a second of retries a timer of the workflow takes over. Retried for as long as it takes.
const orders = proxyLocalActivities<OrderActivities>({
  startToCloseTimeout: '5s',
  localRetryThreshold: '1s',
  retry: { initialInterval: '200ms', maximumInterval: '30s' },
});

export interface OrderInHand extends PaymentRequest {
  payment: PlaceOrderInput['payment'];
  /** Whether this may not be the order's first run. */
  resumed?: true;
  settled: Settlement | null;
}

/** The order to work on. Where a saga may have run before, the row says what is left to do, and what it costs. */
export async function takeUpOrder(input: PlaceOrderInput, inbox: Inbox): Promise<OrderInHand> {
  if (!input.resumed) return { ...input, settled: null };
  const found = await CancellationScope.nonCancellable(() => orders.resumeOrder(input.orderId));
  if (found.settled) return { ...input, settled: found.settled };
  if (found.hopeless !== undefined) inbox.decide(notPaid(found.hopeless));
  return { ...input, settled: null, totalAmount: found.totalAmount };
}

/** Ships a paid order, unless a cancel came first: then the row ends `cancelled`, its stock back. */
export async function shipOrder({ orderId }: OrderInHand, paymentId: string): Promise<Settlement> {
  return CancellationScope.nonCancellable(() => orders.shipOrder(orderId, paymentId));
}

/** Undoes the accepting of an order: its stock goes back and its row ends `cancelled`. */
export const cancelOrder =
  ({ orderId }: OrderInHand): CancelOrder =>
  (why) =>
    orders.cancelOrder(orderId, why);

/** Writes down that money must go back, where it outlives this saga. */
export const noteRefund = (refund: RefundInput): Promise<void> => orders.noteRefund(refund);

/** Makes the end of the order visible to those who list sagas. */
export function recordSettlement({ orderStatus }: Settlement): void {
  upsertSearchAttributes([{ key: ORDER_STATUS, value: orderStatus }]);
}
