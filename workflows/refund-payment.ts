import { patched, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import {
  ORDER_TASK_QUEUE,
  PAYMENT_TASK_QUEUE,
  refundSummary,
  type OrderActivities,
  type PaymentActivities,
  type RefundInput,
} from './contract';
import { checkRefundInput } from './refund-input';

// Retried without limit, because the refund remains due. Operators see the attempts and the last error.
const UNTIL_IT_SUCCEEDS = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '1s', maximumInterval: '5m' },
} as const;

/**
 * Refunds one payment, or voids every charge of an order, and records the refund with the order. Its workflow id
 * identifies the refund, so it runs once.
 */
export async function refundPayment(refund: RefundInput): Promise<void> {
  checkRefundInput(refund);
  const summary = refundSummary(refund);
  const payments = proxyActivities<PaymentActivities>({
    ...UNTIL_IT_SUCCEEDS,
    taskQueue: PAYMENT_TASK_QUEUE,
    summary,
  });
  setCurrentDetails(
    `${summary}: waits for the payment service. Pending activities show the attempts and the last error.`,
  );
  const refunded = await payments.refundPayment(refund);
  if (patched('record-refund')) {
    setCurrentDetails(`${summary}: done by the payment service. Waits for order-management, which records it.`);
    const orders = proxyActivities<OrderActivities>({
      ...UNTIL_IT_SUCCEEDS,
      taskQueue: ORDER_TASK_QUEUE,
      summary: 'Record the refund with the order',
    });
    // Version 1.0.0 of the payment service reports no result. It refunds a payment that the refund names, or fails.
    const { paymentId } = refunded ?? { paymentId: refund.paymentId ?? null };
    await orders.recordRefund(refund, paymentId);
  }
  setCurrentDetails(`${summary}: done.`);
}
