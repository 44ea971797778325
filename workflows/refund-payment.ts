import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import { PAYMENT_TASK_QUEUE, refundSummary, type PaymentActivities, type RefundInput } from './contract';
import { checkRefundInput } from './refund-input';

/** Refunds one payment, or voids every charge of an order. Its workflow id identifies the refund, so it runs once. */
export async function refundPayment(refund: RefundInput): Promise<void> {
  checkRefundInput(refund);
  const summary = refundSummary(refund);
  // Retried without limit, because the refund remains due. Operators see the attempts and the last error.
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
