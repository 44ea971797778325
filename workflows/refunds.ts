import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { PAYMENT_TASK_QUEUE, refundWorkflowId, type RefundInput, type Settlement } from './contract';
import type { Inbox } from './inbox';
import type { refundPayment } from './refund-payment';

/**
 * Starts the refund of each payment that succeeded and did not settle the order. None is awaited: where no payment
 * worker can do it, as with the original service, it stays open for an operator to see.
 */
export async function refundWhatDidNotSettle(orderId: string, settled: Settlement, inbox: Inbox): Promise<void> {
  const kept = settled.orderStatus === 'shipped' ? settled.paymentId : null;
  // `answers` may grow while a refund is being started: the loop ends with nothing left unread.
  for (const { success, paymentId } of inbox.answers) {
    if (success && paymentId !== kept) await startRefund({ orderId, paymentId });
  }
}

async function startRefund(refund: Required<RefundInput>): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() =>
      startChild<typeof refundPayment>('refundPayment', {
        workflowId: refundWorkflowId(refund.paymentId),
        taskQueue: PAYMENT_TASK_QUEUE,
        args: [refund],
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `Refund of payment ${refund.paymentId}`,
      }),
    );
  } catch (error) {
    // Whoever found it out first has started it; once is what we want.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
