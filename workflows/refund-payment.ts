import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import { PAYMENT_TASK_QUEUE, refundSummary, type PaymentActivities, type RefundInput } from './contract';

/** Refunds one payment, or voids whatever an order was charged. Its workflow id names the refund, so it runs once. */
export async function refundPayment(refund: RefundInput): Promise<void> {
  const summary = refundSummary(refund);
  // Retried without limit: money owed stays owed, and an operator sees the attempts and their error.
  const payments = proxyActivities<PaymentActivities>({
    taskQueue: PAYMENT_TASK_QUEUE,
    startToCloseTimeout: '10s',
    retry: { initialInterval: '1s', maximumInterval: '5m' },
    summary,
  });
  setCurrentDetails(
    `${summary}: waits for the payment service. Pending activities show the attempts and the last error.`,
  );
  await payments.refundPayment(refund);
  setCurrentDetails(`${summary}: done.`);
}
