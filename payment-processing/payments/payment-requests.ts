import type { Broker } from '@shop/amqp/broker';
import type { HandlerResult } from '@shop/amqp/consumer';
import { readMessage } from '@shop/amqp/read-message';
import type { MessageHeaders } from '@shop/amqp/republish';
import { ADOPTED_HEADER, PAYMENT_STAT } from '@shop/amqp/topology';
import { NIL_UUID, uuid } from '@shop/amqp/uuid';
import { z } from 'zod';
import type { Ledger } from './ledger';

/**
 * The message `processPayment`. The original order service sends it as well. The original payment service answers every
 * number, however small or large, and reads a missing field as zero; so does this one.
 */
const paymentRequest = z.object({
  orderId: uuid.default(NIL_UUID),
  customerId: uuid.default(NIL_UUID),
  totalAmount: z.number().default(0),
});

/**
 * Creates the handler of `processPayment` messages. It stores the payment, then publishes `PaymentStat`. The consumer
 * acknowledges the message after that.
 */
export const createPaymentRequestHandler =
  ({ ledger, broker }: { ledger: Ledger; broker: Pick<Broker, 'send'> }) =>
  async (content: Buffer, headers: MessageHeaders = {}): Promise<HandlerResult> => {
    const message = readMessage(content, paymentRequest);
    if ('unreadable' in message) return { outcome: 'unreadable', reason: message.unreadable };

    const { orderId, customerId, totalAmount } = message.value;
    const header = headers[ADOPTED_HEADER]; // a sender can set it to anything; the header of a copy is text
    const adopted = (header === true || header === 'true') && ({ adopted: true } as const);
    const payment = await ledger.charge({ orderId, customerId, totalAmount: decimalOf(totalAmount), ...adopted });
    if ('contradiction' in payment) return { outcome: 'contradictory', reason: payment.contradiction };
    const { chargedAmount, ...answer } = payment;
    await broker.send(PAYMENT_STAT, {
      orderId,
      customerId,
      totalAmount: Number(chargedAmount ?? totalAmount),
      ...answer,
    });
    return { outcome: 'delivered', effect: 'answered' };
  };

/** Writes a number as a decimal without rounding it, with at least two places if it has no exponent. */
function decimalOf(amount: number): string {
  const inCents = amount.toFixed(2);
  return Number(inCents) === amount ? inCents : String(amount);
}
