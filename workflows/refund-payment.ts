import { proxyActivities } from '@temporalio/workflow';
import { PAYMENT_TASK_QUEUE, type PaymentActivities, type RefundInput } from './contract';

// Without end: money owed stays owed, and an operator sees the attempts and their error while it waits.
const payments = proxyActivities<PaymentActivities>({
  taskQueue: PAYMENT_TASK_QUEUE,
  startToCloseTimeout: '10s',
  retry: { initialInterval: '1s', maximumInterval: '5m' },
});

/** Gives one payment back. Its workflow id is the payment's, so that it happens once, whoever asks for it. */
export async function refundPayment(refund: Required<RefundInput>): Promise<void> {
  await payments.refundPayment(refund);
}
