import type { CancelOrderInput, PaymentRequest, PlaceOrderInput, RefundInput, Settlement } from './contract';
import { orders, retried } from './local-activity';
import type { PaymentInbox } from './payment-inbox';
import type { Timeline } from './timeline';

/** An order as an earlier saga left it. `settled` is null if the order is still placed. */
export interface LoadedOrder extends PlaceOrderInput {
  settled: Settlement | null;
}

/** Loads an order that an earlier saga may have worked on. Its rows store its state and its prices. */
export async function loadOrder(input: PlaceOrderInput, inbox: PaymentInbox, timeline: Timeline): Promise<LoadedOrder> {
  const summary = 'Load the order, which an earlier saga may have settled';
  const found = await retried(summary, timeline, () =>
    orders.resumeOrder.executeWithOptions({ summary }, [input.orderId]),
  );
  if (found.settled) return { ...input, settled: found.settled };
  timeline.totalAmount = found.totalAmount;
  if (found.cancel) inbox.cancel(found.cancel.code, found.cancel.reason);
  const { totalAmount, adopted } = found;
  return { ...input, totalAmount, ...(adopted && { adopted }), settled: null };
}

/** Ships a paid order, unless a cancel came first: then its row ends `cancelled` and its stock is released. */
export function shipOrder({ orderId }: PaymentRequest, paymentId: string, timeline: Timeline): Promise<Settlement> {
  const summary = `Ship the order, paid by payment ${paymentId}`;
  return retried(summary, timeline, () => orders.shipOrder.executeWithOptions({ summary }, [orderId, paymentId]));
}

/** Compensates the acceptance of an order: releases its stock and ends it `cancelled`, unless it is settled. */
export function cancelOrder(
  { orderId }: PaymentRequest,
  why: CancelOrderInput,
  timeline: Timeline,
): Promise<Settlement> {
  const summary = `Cancel the order and release its stock: ${why.code}`;
  return retried(summary, timeline, () => orders.cancelOrder.executeWithOptions({ summary }, [orderId, why]));
}

/** Records a due refund in the database, so that it outlives this saga. */
export function recordRefundDue(refund: RefundInput, timeline: Timeline): Promise<void> {
  const summary = 'Record that a refund is due';
  return retried(summary, timeline, () => orders.recordRefundDue.executeWithOptions({ summary }, [refund]));
}
