import type { Contradiction, PaymentResult } from '@shop/payment-processing/payments/ledger';

/** Returns the payment of a charge. @throws {Error} if the request contradicts an earlier one */
export function charged(result: PaymentResult | Contradiction): PaymentResult {
  if ('contradiction' in result) throw new Error(result.contradiction);
  return result;
}
