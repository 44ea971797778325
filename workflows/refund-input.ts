import { checkInput } from './check-input';
import type { RefundInput } from './contract';
import { UUID } from './payment-answer';

/** Checks the input of a refund. @throws {ApplicationFailure} that names the invalid field */
export function checkRefundInput(input: RefundInput): void {
  const { orderId, paymentId, reason } = (input ?? {}) as Partial<Record<keyof RefundInput, unknown>>;
  checkInput('refundPayment', {
    'orderId must be a UUID': typeof orderId === 'string' && UUID.test(orderId),
    'paymentId must be a UUID or absent':
      paymentId === undefined || (typeof paymentId === 'string' && UUID.test(paymentId)),
    'reason must be a text or absent': reason === undefined || typeof reason === 'string',
  });
}
