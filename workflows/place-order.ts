import { CancellationScope, rootCause, setHandler, TemporalFailure } from '@temporalio/workflow';
import { cancelRequested, paymentSettled, sagaStatus, type PlaceOrderInput, type Settlement } from './contract';
import { cancelOrder, loadOrder, shipOrder } from './order-steps';
import { PaymentInbox } from './payment-inbox';
import { refundsDue, startRefund } from './refunds';
import { plainText } from './plain-text';
import { requestPayment } from './request-payment';
import { checkSagaInput } from './saga-input';
import { Timeline } from './timeline';

/**
 * The life of an accepted order: pay, then ship; on any failure, cancel and release the stock.
 *
 * Runs in a non-cancellable scope. The saga handles an operator's cancel like a customer's: it is an input, and it
 * decides the payment only if no earlier input has decided it.
 */
export function placeOrder(input: PlaceOrderInput): Promise<Settlement> {
  checkSagaInput(input);
  const timeline = new Timeline(input);
  const inbox = new PaymentInbox(timeline);
  for (const answer of input.answers ?? []) inbox.receive(answer); // they arrived while no saga ran

  observeOperator(inbox);
  setHandler(paymentSettled, (answer) => inbox.receive(answer), {
    description: 'Reports the answer of the payment service. The first answer decides; repetitions are ignored.',
  });
  setHandler(cancelRequested, () => void inbox.cancel('customer-cancelled', 'The customer cancelled the order.'), {
    description: "Reports that the customer cancels. The order's row must record the request first.",
  });
  setHandler(sagaStatus, () => timeline.status(inbox), {
    description: 'Returns the stage, the payment answers, how the order ended and the timeline.',
  });
  return CancellationScope.nonCancellable(() => runSaga(input, inbox, timeline));
}

/** Treats an operator's cancel as an input. A cancel that arrived before the first task precedes the signals of that task. */
function observeOperator(inbox: PaymentInbox): void {
  const cancel = () => inbox.cancel('operator-cancelled', 'An operator cancelled the saga.');
  const root = CancellationScope.current();
  if (root.consideredCancelled) cancel();
  else root.cancelRequested.catch(cancel);
}

async function runSaga(input: PlaceOrderInput, inbox: PaymentInbox, timeline: Timeline): Promise<Settlement> {
  // The first saga of an order has nothing to load.
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
      const reason = plainText(`A step failed: ${rootCause(error)}`);
      settlement = await cancelOrder(order, { code: 'saga-failed', reason }, timeline);
    }
  }

  timeline.recordSettlement(settlement);
  // Each refund is a separate workflow, whose result is not awaited. The list may grow while a refund is being started.
  for (const refund of refundsDue(order, settlement, inbox)) {
    try {
      await startRefund(refund, timeline);
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      fault ??= error; // the other refunds are started nevertheless
    }
  }
  if (fault) throw fault;
  return settlement;
}
