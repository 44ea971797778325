import type { OrderRecord, PaymentRow, RefundWorkflow } from './order-record';

interface Step {
  time: Date;
  text: string;
}

/** Describes an order for a person: how it ended and why, its payment and refunds, and each step with its time. */
export function describeOrder({ order, requested, payment, refundsDue, saga, refunds, gaps }: OrderRecord): string[] {
  const { orderId, orderStatus, paymentStatus, cancellationCode, cancellationReason, amount, products } = order;
  const facts: [name: string, value: string][] = [
    ['Order', orderId],
    ['Products', products.join(', ')],
    ['Amount', amount === null ? 'unknown: the original stores no prices' : `$${amount}`],
    ['Outcome', orderStatus === 'placed' ? waitingText(saga?.stage) : orderStatus],
    ...(cancellationCode === null
      ? []
      : ([['Why', `${cancellationCode}: ${cancellationReason}`]] as [string, string][])),
    ['Payment', paymentText(order.paymentId, paymentStatus, payment)],
    ...refundTexts(payment, refundsDue, refunds).map((text): [string, string] => ['Refund', text]),
  ];
  const steps = stepsOf({ order, requested, payment, refundsDue, saga, refunds, gaps }).map(
    ({ time, text }) => `  ${time.toISOString()}  ${text}`,
  );
  return [...facts.map(([name, value]) => `${name.padEnd(9)} ${value}`), ...gaps, ...steps];
}

function waitingText(stage: string | undefined): string {
  return stage === undefined ? 'placed: not settled yet' : `placed: ${stage}`;
}

function paymentText(paymentId: string | null, paymentStatus: string, payment: PaymentRow | null): string {
  if (payment?.status === 'void') return 'none: the order was cancelled before it was charged';
  const id = paymentId ?? payment?.paymentId;
  if (id === undefined) return paymentStatus;
  // Another service may have charged the order: its payments are not in this database.
  if (payment?.paymentId !== id) return `${id}, ${paymentStatus}`;
  const amount = payment.amount === null ? '' : `, $${payment.amount}`;
  return `${id}${amount}, ${payment.status}${payment.reason ? `: ${payment.reason}` : ''}`;
}

function refundTexts(
  payment: PaymentRow | null,
  due: OrderRecord['refundsDue'],
  workflows: RefundWorkflow[],
): string[] {
  const texts = due.map(
    ({ paymentId, since }) =>
      `${paymentId ? `of payment ${paymentId}` : 'of whatever was charged'}: due since ${since.toISOString()}`,
  );
  if (payment?.refundedAt) {
    texts.push(`of payment ${payment.paymentId}: $${payment.amount} refunded at ${payment.refundedAt.toISOString()}`);
  }
  return [...texts, ...workflows.map(({ workflowId, status }) => `workflow ${workflowId}: ${status.toLowerCase()}`)];
}

/** Returns the steps of all sources, oldest first. What the saga reports is not repeated from the database. */
/** How a person names the steps that somebody can request. */
const REQUESTED: Record<string, string> = {
  accepted: 'Order accepted',
  'cancel-requested': 'Cancel requested',
  'refund-due': 'Refund requested',
  deleted: 'Order deleted',
  'message-retried': 'Parked message returned to its queue',
  'message-discarded': 'Parked message discarded',
};

function stepsOf({ order, requested, payment, refundsDue, saga, refunds }: OrderRecord): Step[] {
  const steps: Step[] = requested.map(({ step, time, reason, actor }) => ({
    time,
    text: `${REQUESTED[step] ?? step}, by ${actor}${reason === null ? '' : `: ${reason}`}`,
  }));
  const hasActor = (step: string): boolean => requested.some((one) => one.step === step);
  const add = (time: Date | null | undefined, text: string): void => {
    if (time) steps.push({ time, text });
  };
  if (!hasActor('accepted')) add(order.orderDate, 'Order accepted');
  if (saga) {
    for (const { time, step, outcome } of saga.timeline) add(new Date(time), `${step}: ${outcome}`);
  } else {
    if (!hasActor('cancel-requested')) add(order.cancelRequestedAt, 'Cancel requested');
    add(
      order.settledAt,
      `Order ${order.orderStatus}${order.cancellationReason ? `: ${order.cancellationReason}` : ''}`,
    );
    for (const { since } of refundsDue) add(since, 'Refund recorded as due');
  }
  const isAnswered = saga?.answers.some(({ paymentId }) => paymentId === payment?.paymentId) ?? false;
  if (payment && !isAnswered) {
    const outcome = payment.status === 'failed' ? 'declined' : payment.status;
    add(payment.paidAt, `Payment stored by payment-processing: ${outcome}`);
  }
  add(payment?.refundedAt, 'Payment refunded');
  for (const { workflowId, status, closedAt } of refunds)
    add(closedAt, `Workflow ${workflowId} ${status.toLowerCase()}`);
  if (!hasActor('deleted')) add(order.deletedAt, 'Order deleted');
  return steps.toSorted((a, b) => a.time.getTime() - b.time.getTime());
}
