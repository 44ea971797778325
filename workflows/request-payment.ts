import { ActivityFailure, CancellationScope, proxyActivities, rootCause } from '@temporalio/workflow';
import { PAYMENT_TASK_QUEUE, type PaymentActivities, type PlaceOrderInput } from './contract';
import { isPermanent, orders, retried } from './local-activity';
import type { PaymentInbox, PaymentOutcome } from './payment-inbox';
import type { Timeline } from './timeline';
import { waitForOutcome } from './wait-for-outcome';

/** Requests the payment until the inbox holds an outcome. The timeout of the last request is an outcome, too. */
export function requestPayment(
  order: PlaceOrderInput,
  inbox: PaymentInbox,
  timeline: Timeline,
): Promise<PaymentOutcome> {
  return order.payment.channel === 'events'
    ? requestByMessage(order, inbox, timeline)
    : requestByActivity(order, inbox, timeline);
}

/**
 * Publishes requests over RabbitMQ and waits for an answer to each. An answer that reaches this process soon is the
 * activity's result; any other arrives as a signal.
 */
async function requestByMessage(
  { orderId, customerId, totalAmount, adopted, payment: { maxRequests, answerTimeoutMs } }: PlaceOrderInput,
  inbox: PaymentInbox,
  timeline: Timeline,
): Promise<PaymentOutcome> {
  const request = { orderId, customerId, totalAmount, ...(adopted && { adopted }) };
  for (let attempt = 1; attempt <= maxRequests && !inbox.outcome; attempt++) {
    const attemptLabel = `attempt ${attempt} of ${maxRequests}`;
    const summary = `Request $${totalAmount} over RabbitMQ, ${attemptLabel}`;
    const publish = () => orders.requestPayment.executeWithOptions({ summary }, [request, attemptLabel]);
    const answer = await retried(summary, timeline, publish, inbox);
    if (answer === 'decided') break;
    inbox.requestConfirmed = true;
    timeline.add('Payment requested', `$${totalAmount} over RabbitMQ, ${attemptLabel}`);
    if (answer) inbox.receive(answer);
    else await waitForOutcome(inbox, answerTimeoutMs, `Wait for the payment answer, ${attemptLabel}`);
  }
  return inbox.cancel(
    'payment-timeout',
    `No answer to ${maxRequests} payment requests within ${answerTimeoutMs / 1_000} s each.`,
  );
}

/** Charges the order by an ordinary activity, so that operators see that it waits for the payment service. */
async function requestByActivity(
  { orderId, customerId, totalAmount, adopted, payment: { maxRequests, answerTimeoutMs } }: PlaceOrderInput,
  inbox: PaymentInbox,
  timeline: Timeline,
): Promise<PaymentOutcome> {
  if (inbox.outcome) return inbox.outcome;
  const timeoutMs = maxRequests * answerTimeoutMs;
  const payments = proxyActivities<PaymentActivities>({
    taskQueue: PAYMENT_TASK_QUEUE,
    startToCloseTimeout: answerTimeoutMs,
    scheduleToCloseTimeout: timeoutMs,
    cancellationType: 'TRY_CANCEL', // a cancel does not wait for the payment service
    retry: { initialInterval: '500ms', maximumInterval: '10s' },
    summary: `Request $${totalAmount} from the payment service`,
  });
  timeline.add('Payment requested', `$${totalAmount} by an activity on the task queue ${PAYMENT_TASK_QUEUE}`);
  const charging = new CancellationScope();
  inbox.onOutcome = () => charging.cancel();
  try {
    const request = { orderId, customerId, totalAmount, ...(adopted && { adopted }) };
    inbox.receive(await charging.run(() => payments.processPayment(request)));
    if (!inbox.outcome) return inbox.cancel('payment-failed', 'The payment service returned no valid answer.');
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const cause = rootCause(error);
    if (isPermanent(error)) return inbox.cancel('payment-failed', `The payment service failed: ${cause}`);
  }
  // If the payment is decided, this returns its outcome. Otherwise the activity has timed out.
  return inbox.cancel('payment-timeout', `The payment service did not answer within ${timeoutMs / 1_000} s.`);
}
