import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  PAYMENT_TASK_QUEUE,
  refundDetails,
  refundSummary,
  refundWorkflowId,
  type PlaceOrderInput,
  type RefundInput,
  type Settlement,
} from './contract';
import { recordRefundDue } from './order-steps';
import type { PaymentInbox } from './payment-inbox';
import { refundNeeded } from './refund-needed';
import { OrderStatus } from './statuses';
import type { refundPayment } from './refund-payment';
import type { Timeline } from './timeline';

/**
 * Lists the refunds of an order that has ended: each payment that succeeded and did not settle the order, and the whole
 * order if it may have been charged without an answer. Reads the inbox lazily, because answers may still arrive.
 */
export function* refundsDue(
  { orderId, payment: { channel }, resumed }: PlaceOrderInput,
  settlement: Settlement,
  inbox: PaymentInbox,
): Generator<RefundInput> {
  const { answers, requestConfirmed: confirmed } = inbox;
  const knowledge = { answers: answers.length, paid: answers.some(({ success }) => success), confirmed };
  if (refundNeeded({ settlement, channel, resumed: resumed === true, ...knowledge })) yield { orderId };
  const kept = settlement.orderStatus === OrderStatus.shipped ? settlement.paymentId : null;
  for (const { success, paymentId } of answers) if (success && paymentId !== kept) yield { orderId, paymentId };
}

/**
 * Starts the workflow of a refund, unless another component has started it. The refund is recorded in the database first:
 * the record outlives this saga and Temporal's store.
 */
export async function startRefund(refund: RefundInput, timeline: Timeline): Promise<void> {
  await recordRefundDue(refund, timeline);
  const workflowId = refundWorkflowId(refund);
  try {
    await startChild<typeof refundPayment>('refundPayment', {
      workflowId,
      taskQueue: PAYMENT_TASK_QUEUE,
      args: [refund],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: refundSummary(refund),
      staticDetails: refundDetails(refund),
    });
    timeline.add('Refund started', workflowId);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    timeline.add('Refund found', `${workflowId} had been started`);
  }
}
