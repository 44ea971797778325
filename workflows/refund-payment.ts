import { proxyActivities } from '@temporalio/workflow';
import { PAYMENT_TASK_QUEUE, type PaymentActivities, type RefundInput } from './contract';

// Without end: money owed stays owed, and an operator sees the attempts and their error while it waits.
const payments = proxyActivities<PaymentActivities>({
  taskQueue: PAYMENT_TASK_QUEUE,
  startToCloseTimeout: '10s',
  retry: { initialInterval: '1s', maximumInterval: '5m' },
});

/** Gives one payment back, or whatever an order was charged. Its id says which, so it happens once, whoever asks. */
export async function refundPayment(refund: RefundInput): Promise<void> {
  await payments.refundPayment(refund);
}
