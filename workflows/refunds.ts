import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, ParentClosePolicy, patched, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { PAYMENT_TASK_QUEUE, refundSummary, refundWorkflowId, type RefundInput, type Settlement } from './contract';
import type { Inbox } from './inbox';
import { noteRefund, type OrderInHand } from './order-steps';
import type { refundPayment } from './refund-payment';

/**
 * Starts the refund of each payment that succeeded and did not settle the order. None is awaited: where no payment
 * worker can do it, as with the original service, it stays open for an operator to see.
 */
export async function refundWhatDidNotSettle(
  { orderId, resumed }: OrderInHand,
  settled: Settlement,
  inbox: Inbox,
): Promise<void> {
  // An earlier run may have been told of a payment, and have been lost with it.
  const unpaid = settled.orderStatus === 'cancelled' && settled.paymentStatus === 'cancelled';
  if (resumed && unpaid && inbox.answers.length === 0 && patched(NOTED)) await startRefund({ orderId });

  const kept = settled.orderStatus === 'shipped' ? settled.paymentId : null;
  // `answers` may grow while a refund is being started: the loop ends with nothing left unread.
  for (const { success, paymentId } of inbox.answers) {
    if (success && paymentId !== kept) await startRefund({ orderId, paymentId });
  }
}

const NOTED = 'refunds are noted';

/** Starts a refund, once. Notes it first: a note in the database outlives this saga, and Temporal's store. */
export async function startRefund(refund: RefundInput): Promise<void> {
  try {
    await CancellationScope.nonCancellable(async () => {
      if (patched(NOTED)) await noteRefund(refund);
      await startChild<typeof refundPayment>('refundPayment', {
        workflowId: refundWorkflowId(refund),
        taskQueue: PAYMENT_TASK_QUEUE,
        args: [refund],
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: refundSummary(refund),
      });
    });
  } catch (error) {
    // Whoever found it out first has started it; once is what we want.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
