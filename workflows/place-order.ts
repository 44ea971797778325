import { CancellationScope, rootCause, setHandler, TemporalFailure } from '@temporalio/workflow';
import { cancelRequested, paymentSettled, sagaStatus, type PlaceOrderInput, type Settlement } from './contract';
import { cancelOrder, loadOrder, shipOrder } from './order-steps';
import { PaymentInbox } from './payment-inbox';
import { refundsDue, startRefund } from './refunds';
import { requestPayment } from './request-payment';
import { Timeline } from './timeline';

/**
 * The life of an accepted order: pay, then ship; on any failure, cancel and release the stock.
 *
 * Runs in a non-cancellable scope. The saga handles an operator's cancel like a customer's: it is an input, and it
 * decides the payment only if no earlier input has.
 */
export function placeOrder(input: PlaceOrderInput): Promise<Settlement> {
  const timeline = new Timeline(input);
  const inbox = new PaymentInbox(timeline);
  for (const answer of input.answers ?? []) inbox.receive(answer); // they arrived while no saga ran

  setHandler(paymentSettled, (answer) => inbox.receive(answer), {
    description: 'Reports the answer of the payment service. The first answer decides; repetitions are ignored.',
  });
  setHandler(cancelRequested, () => void inbox.cancel('customer-cancelled', 'The customer cancelled the order.'), {
    description: "Reports that the customer cancels. The order's row must record the request first.",
  });
  setHandler(sagaStatus, () => timeline.status(inbox), {
    description: 'Returns the stage, the payment answers, how the order ended and the timeline.',
  });
  CancellationScope.current().cancelRequested.catch(() =>
    inbox.cancel('operator-cancelled', 'An operator cancelled the saga.'),
  );
  return CancellationScope.nonCancellable(() => settle(input, inbox, timeline));
}

async function settle(input: PlaceOrderInput, inbox: PaymentInbox, timeline: Timeline): Promise<Settlement> {
  // A first run has nothing to load.
  const order = input.resumed ? await loadOrder(input, inbox, timeline) : { ...input, settled: null };
  let { settled: settlement }: { settled: Settlement | null } = order;
  let fault: TemporalFailure | null = null;

  if (!settlement) {
    // Both compensations are registered before their steps: the stock was taken when the order was accepted, and the
    // inbox records each payment request before it is sent.
    try {
      const payment = await requestPayment(order, inbox, timeline); // a decline, a cancel and a timeout are values
      settlement = payment.success
        ? await shipOrder(order, payment.paymentId, timeline) // the row decides: a cancel may have come first
        : await cancelOrder(order, payment.cancellation, timeline);
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error; // a defect: the task is retried until a fixed version runs
      fault = error;
      const reason = `A step failed: ${rootCause(error)}`;
      settlement = await cancelOrder(order, { code: 'saga-failed', reason }, timeline);
    }
  }

  timeline.settle(settlement);
  // Each refund is a workflow of its own, whose result is not awaited. The list may grow while a refund is being started.
  for (const refund of refundsDue(order, settlement, inbox)) await startRefund(refund, timeline);
  if (fault) throw fault;
  return settlement;
}
