import type { Broker } from '@shop/amqp/broker';
import type { HandlerResult } from '@shop/amqp/consumer';
import { readMessage } from '@shop/amqp/read-message';
import { PAYMENT_STAT } from '@shop/amqp/topology';
import { MAX_AMOUNT } from '@shop/workflows/contract';
import { z } from 'zod';
import type { Ledger } from './ledger';

const uuid = z.guid().toLowerCase();

/** `processPayment`, as any order service sends it. */
const paymentRequest = z.object({
  orderId: uuid,
  customerId: uuid,
  totalAmount: z.number().nonnegative().max(MAX_AMOUNT),
});

/** Handles `processPayment` messages: the payment is kept first, then answered with `PaymentStat`, then acknowledged. */
export const createPaymentRequestHandler =
  ({ ledger, broker }: { ledger: Ledger; broker: Pick<Broker, 'send'> }) =>
  async (content: Buffer): Promise<HandlerResult> => {
    const message = readMessage(content, paymentRequest);
    if ('unreadable' in message) return { outcome: 'unreadable', reason: message.unreadable };

    const { orderId, customerId, totalAmount } = message.value;
    // The original sums floats: what is off by a billionth of a cent is meant to be whole.
    const payment = await ledger.charge({ orderId, customerId, totalAmount: totalAmount.toFixed(2) });
    await broker.send(PAYMENT_STAT, { orderId, customerId, totalAmount, ...payment });
    return { outcome: 'delivered', effect: 'answered' };
  };
