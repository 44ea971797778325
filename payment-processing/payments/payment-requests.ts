import type { Broker } from '@shop/amqp/broker';
import type { HandlerResult } from '@shop/amqp/consumer';
import { readMessage } from '@shop/amqp/read-message';
import { PAYMENT_STAT } from '@shop/amqp/topology';
import { MAX_AMOUNT } from '@shop/workflows/contract';
import { z } from 'zod';
import type { Ledger } from './ledger';

const uuid = z.guid().toLowerCase();

/** The message `processPayment`. The original order service sends it as well. */
const paymentRequest = z.object({
  orderId: uuid,
  customerId: uuid,
  totalAmount: z.number().nonnegative().max(MAX_AMOUNT),
});

/**
 * Creates the handler of `processPayment` messages. It stores the payment, then publishes `PaymentStat`. The consumer
 * acknowledges the message after that.
 */
export const createPaymentRequestHandler =
  ({ ledger, broker }: { ledger: Ledger; broker: Pick<Broker, 'send'> }) =>
  async (content: Buffer): Promise<HandlerResult> => {
    const message = readMessage(content, paymentRequest);
    if ('unreadable' in message) return { outcome: 'unreadable', reason: message.unreadable };

    const { orderId, customerId, totalAmount } = message.value;
    // The original adds up floating-point numbers. Rounding to cents removes their error.
    const payment = await ledger.charge({ orderId, customerId, totalAmount: totalAmount.toFixed(2) });
    await broker.send(PAYMENT_STAT, { orderId, customerId, totalAmount, ...payment });
    return { outcome: 'delivered', effect: 'answered' };
  };
