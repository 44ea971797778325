import {
  ActivityFailure,
  CancellationScope,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow';
import type { Undo } from './compensations';
import { PAYMENT_TASK_QUEUE, type OrderActivities, type PaymentActivities } from './contract';
import { notPaid, type Inbox, type PaymentOutcome } from './inbox';
import type { OrderInHand } from './order-steps';
import { startRefund } from './refunds';

// A publish to our own broker: as short as the steps on our own database.
const { requestPayment } = proxyLocalActivities<OrderActivities>({
  startToCloseTimeout: '5s',
  localRetryThreshold: '1s',
  cancellationType: 'TRY_CANCEL', // who cancels does not wait for it
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

// Another service's work: an ordinary activity, which an operator sees waiting, retried until that service is back.
const { refundPayment } = proxyActivities<PaymentActivities>({
  taskQueue: PAYMENT_TASK_QUEUE,
  startToCloseTimeout: '10s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
});

/** Asks for the payment until there is an answer, a cancel, or no patience left; never throws for any of them. */
export async function pay(order: OrderInHand, inbox: Inbox): Promise<PaymentOutcome> {
  if (inbox.outcome) return inbox.outcome;

  const asking = new CancellationScope();
  try {
    await Promise.race([asking.run(() => ask(order, inbox)), inbox.decided]);
  } catch (error) {
    if (isCancellation(error)) return inbox.decide(notPaid('the saga was cancelled by an operator'));
    if (error instanceof ActivityFailure) return inbox.decide(notPaid(`no payment: ${String(error.cause)}`));
    throw error;
  } finally {
    asking.cancel();
  }
  return inbox.decide(notPaid('no answer from the payment service'));
}

/** Ends when patience does; the answer, if any, is in the inbox. */
async function ask(order: OrderInHand, inbox: Inbox): Promise<void> {
  const { orderId, customerId, totalAmount } = order;
  const request = { orderId, customerId, totalAmount };
  const { channel, asks, askTimeoutMs } = order.payment;

  if (channel === 'events') {
    for (let asked = 0; asked < asks; asked++) {
      const atOnce = await requestPayment(request); // repeated until the broker has confirmed it
      inbox.requestConfirmed = true;
      if (atOnce) {
        const { settled: settledBy, ...answer } = atOnce;
        return inbox.receive(answer, settledBy);
      }
      await sleep(askTimeoutMs); // an answer ends the race in `pay`, and this wait with it
    }
    return;
  }

  const { processPayment } = proxyActivities<PaymentActivities>({
    taskQueue: PAYMENT_TASK_QUEUE,
    startToCloseTimeout: askTimeoutMs,
    cancellationType: 'TRY_CANCEL',
    scheduleToCloseTimeout: asks * askTimeoutMs,
    retry: { initialInterval: '500ms', maximumInterval: '10s' },
  });
  inbox.receive(await processPayment(request));
}

/**
 * Undoes the asking. A decline leaves nothing to undo. On the activity channel the payment service refunds what it has
 * charged, or notes the order as void, so that a charge still under way meets the note. Over RabbitMQ nothing can be
 * withdrawn: a success that comes too late is refunded by whoever receives it. But where no request is known to have been
 * confirmed, one may have been charged and then been lost with its answer, as a broker loses it that crashes; also where
 * none is known to have been sent, because a worker crashed that did. That is refunded like on the activity channel, but
 * not awaited, as the payment service may be the original one. (For a resumed saga `refundWhatDidNotSettle` does so.)
 */
export const withdrawPayment =
  ({ orderId, payment, resumed }: OrderInHand, inbox: Inbox): Undo =>
  async (settled, why) => {
    if (why.paymentStatus === 'failed' || settled.orderStatus !== 'cancelled') return;
    if (payment.channel === 'activity') await refundPayment({ orderId });
    else if (!inbox.requestConfirmed && !resumed && patched(UNCONFIRMED)) await startRefund({ orderId });
  };

const UNCONFIRMED = 'an unconfirmed request is refunded';
