import type { HandlerResult } from '@shop/amqp/consumer';
import type { OrdersClient } from '@shop/prisma/clients';
import type { Logger } from '@shop/runtime/log';
import { readMessage } from '@shop/amqp/read-message';
import type { PaymentAnswer } from '@shop/workflows/contract';
import { z } from 'zod';
import { isFinal, OrderStatus, PaymentStatus, settledStatusOf } from '../orders/order-status';
import { noteRefund } from '../orders/refunds-due';
import { readOrderState, type OrderState } from '../orders/unsettled-orders';
import type { PaymentHandover } from './payment-handover';
import type { Sagas } from './sagas';

const uuid = z.guid().toLowerCase();
const LONGEST_REASON = 1_000; // it goes into a signal, and Temporal refuses one that is larger than 2 MB

/** `PaymentStat`, as far as the original order service reads it too; a sender may leave out the rest. */
const paymentStat = z.object({
  orderId: uuid,
  paymentId: uuid,
  success: z.boolean(),
  reason: z
    .string()
    .nullish()
    .transform((reason) => (reason ?? '').slice(0, LONGEST_REASON)),
});

export interface PaymentBridgeNeeds {
  database: OrdersClient;
  sagas: Pick<Sagas, 'tellPayment' | 'resume' | 'refund'>;
  handover: Pick<PaymentHandover, 'offer'>;
  log: Logger;
}

/**
 * Turns `PaymentStat` messages into signals to sagas, and knows what to do where no saga runs. The message is
 * acknowledged by its consumer, after what is done here.
 */
export const createPaymentBridge =
  ({ database, sagas, handover, log }: PaymentBridgeNeeds) =>
  async (content: Buffer): Promise<HandlerResult> => {
    const message = readMessage(content, paymentStat);
    if ('unreadable' in message) return { outcome: 'unreadable', reason: message.unreadable };
    const { orderId, ...answer } = message.value;

    // Settled by this very answer, and so for good; else whoever holds the saga must hear of it.
    const settled = await handover.offer(orderId, answer);
    const outcome = answer.success ? PaymentStatus.success : PaymentStatus.failed;
    if (settled?.paymentId === answer.paymentId && settled.paymentStatus === outcome) {
      return { outcome: 'delivered', effect: 'fast_path' };
    }
    if (await sagas.tellPayment(orderId, answer)) return { outcome: 'delivered', effect: 'signalled' };

    const order = await readOrderState(database, orderId);
    if (!order) return { outcome: 'unknown', reason: `there is no order ${orderId}` };

    if (!isFinal(order.orderStatus)) {
      // Terminated, lost, or never started. The answer goes in with the start, so that no second payment is asked for.
      if (await sagas.resume(order, [answer])) return { outcome: 'delivered', effect: 'saga_resumed' };
      // Another instance was faster: the saga runs by now, or has settled the order already.
      if (await sagas.tellPayment(orderId, answer)) return { outcome: 'delivered', effect: 'signalled' };
      throw new Error(`The saga of order ${orderId} started and ended between two looks; the next try will tell.`);
    }

    if (answer.success && !wasSettledBy(order, answer)) {
      const refund = { orderId, paymentId: answer.paymentId };
      await noteRefund(database, refund); // it outlives Temporal's store
      await sagas.refund(refund);
      log.warn(
        { orderId, paymentId: answer.paymentId, orderStatus: order.orderStatus },
        'payment settles nothing: refund started',
      );
      return { outcome: 'delivered', effect: 'refund_started' };
    }
    log.info({ orderId, paymentId: answer.paymentId }, 'payment answer repeated or of no effect');
    return { outcome: 'duplicate' };
  };

/** Whether the order was shipped for this payment. The original kept no payment ids: its orders take any. */
const wasSettledBy = ({ orderStatus, paymentId }: OrderState, answer: PaymentAnswer): boolean =>
  settledStatusOf(orderStatus) === OrderStatus.shipped && (paymentId === null || paymentId === answer.paymentId);
