import { setHandler } from '@temporalio/workflow';
import { Compensations } from './compensations';
import { sagaStatus, type PlaceOrderInput, type Settlement } from './contract';
import { Inbox } from './inbox';
import { cancelOrder, recordSettlement, shipOrder, takeUpOrder } from './order-steps';
import { pay, withdrawPayment } from './payment-steps';
import { refundWhatDidNotSettle } from './refunds';

/** The life of an accepted order: pay, then ship; whatever fails, give back what was taken. */
export async function placeOrder(input: PlaceOrderInput): Promise<Settlement> {
  const inbox = new Inbox(input.answers); // payment answers and the customer's cancel: the first decides, none is lost
  let settled: Settlement | null = null;
  setHandler(sagaStatus, () => inbox.status(settled));

  const order = await takeUpOrder(input, inbox); // a first run has nothing to look up; a later one may find all done
  settled = order.settled;

  if (!settled) {
    const compensations = new Compensations(cancelOrder(order)); // the stock was taken when the order was accepted
    try {
      compensations.add(withdrawPayment(order, inbox)); // before the step: a charge may follow an answer that never came
      const payment = await pay(order, inbox); // a decline, a cancel and silence are values

      if (payment.settled) {
        settled = payment.settled; // by an answer that came at once, on its way here
      } else if (payment.success) {
        settled = await shipOrder(order, payment.paymentId); // the row decides: it ends cancelled if a cancel came first
      } else {
        settled = await compensations.run(payment.why);
      }
    } catch (fault) {
      settled = await compensations.run({ paymentStatus: 'cancelled', reason: String(fault) });
      await refundWhatDidNotSettle(order, settled, inbox);
      throw fault;
    }
  }

  await refundWhatDidNotSettle(order, settled, inbox); // started, never awaited: refund-<paymentId>
  recordSettlement(settled);
  return settled;
}
