import type { HandlerResult } from '@shop/amqp/consumer';
import type { OrdersClient } from '@shop/prisma/clients';
import type { Logger } from '@shop/runtime/log';
import { readMessage } from '@shop/amqp/read-message';
import { uuid } from '@shop/amqp/uuid';
import type { PaymentAnswer } from '@shop/workflows/contract';
import { plainText } from '@shop/workflows/plain-text';
import { z } from 'zod';
import { isFinal, OrderStatus, PaymentStatus, settledStatusOf } from '../orders/order-status';
import { recordRefundDue } from '../orders/refunds-due';
import { isSameAmount, readOrderTotal } from '../orders/order-total';
import { readOrderState, type OrderState } from '../orders/unsettled-orders';
import type { PaymentHandover } from './fast-path/payment-handover';
import type { Sagas } from './sagas';

/** The fields of `PaymentStat` that the original order service reads, too. A sender may leave out the others. */
const paymentStat = z.object({
  orderId: uuid,
  paymentId: uuid,
  success: z.boolean(),
  reason: z
    .string()
    .nullish()
    .transform((reason) => plainText(reason ?? '')), // Temporal refuses signals larger than 2 MB
  /**
   * The amount that the payment service received. The original order service does not read it, so any other value than an
   * amount counts as none.
   */
  totalAmount: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d+(\.\d+)?$/)
        .transform(Number),
    ])
    .optional()
    .catch(undefined),
});

export interface PaymentBridgeOptions {
  database: OrdersClient;
  sagas: Pick<Sagas, 'signalPayment' | 'resume' | 'refund'>;
  handover: Pick<PaymentHandover, 'offer' | 'amountOf'>;
  log: Logger;
}

/**
 * Creates the bridge from `PaymentStat` messages to sagas. An answer is handed to the saga that waits in this process, sent
 * to a running saga as a signal, or passed to a new saga as input. The consumer acknowledges the message afterwards.
 *
 * An answer whose amount is not the total of its order is parked, and the order keeps waiting: the answer or its request
 * was not sent by this system.
 */
export const createPaymentBridge =
  ({ database, sagas, handover, log }: PaymentBridgeOptions) =>
  async (content: Buffer): Promise<HandlerResult> => {
    const message = readMessage(content, paymentStat);
    if ('unreadable' in message) return { outcome: 'unreadable', reason: message.unreadable };
    const { orderId, totalAmount, ...answer } = message.value;
    if (totalAmount !== undefined) {
      const total = handover.amountOf(orderId) ?? (await readOrderTotal(database, orderId));
      if (total !== null && !isSameAmount(totalAmount, total)) {
        const reason = `totalAmount is ${totalAmount}, but the total of order ${orderId} is ${total}`;
        return { outcome: 'contradictory', reason };
      }
    }

    // If this answer settled the order, the order's row stores it. Otherwise the saga must receive it.
    const outcome = answer.success ? PaymentStatus.success : PaymentStatus.failed;
    const settled = await handover.offer(orderId, answer);
    if (settled?.paymentId === answer.paymentId && settled.paymentStatus === outcome) {
      return { outcome: 'delivered', effect: 'fast_path' };
    }
    if (await sagas.signalPayment(orderId, answer)) return { outcome: 'delivered', effect: 'signalled' };

    const order = await readOrderState(database, orderId);
    if (!order) return { outcome: 'unknown', reason: `there is no order ${orderId}` };

    if (!isFinal(order.orderStatus)) {
      // Its saga was terminated, lost or never started. The answer is part of the new saga's input, so that it requests
      // no second payment.
      if (await sagas.resume(order, [answer])) return { outcome: 'delivered', effect: 'saga_resumed' };
      // Another instance has started one first. That saga runs, or has settled the order already.
      if (await sagas.signalPayment(orderId, answer)) return { outcome: 'delivered', effect: 'signalled' };
      throw new Error(
        `The saga of order ${orderId} started and ended between two checks. The next try finds its result.`,
      );
    }

    if (answer.success && !wasSettledBy(order, answer)) {
      const refund = { orderId, paymentId: answer.paymentId };
      await recordRefundDue(database, refund); // the record outlives Temporal's store
      await sagas.refund(refund);
      const { orderStatus } = order;
      log.warn({ orderId, paymentId: answer.paymentId, orderStatus }, 'payment settles no order: refund started');
      return { outcome: 'delivered', effect: 'refund_started' };
    }
    log.info({ orderId, paymentId: answer.paymentId }, 'payment answer repeated or without effect');
    return { outcome: 'duplicate' };
  };

/** Returns whether the order was shipped for this payment. The original stored no payment ids: its orders match any. */
const wasSettledBy = ({ orderStatus, paymentId }: OrderState, answer: PaymentAnswer): boolean =>
  settledStatusOf(orderStatus) === OrderStatus.shipped && (paymentId === null || paymentId === answer.paymentId);
