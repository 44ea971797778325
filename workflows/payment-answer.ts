import type { PaymentAnswer } from './contract';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Longer reasons are truncated, because the row, the result and the workflow's details store the reason. */
const MAX_REASON_LENGTH = 1_000;

/**
 * Reads a payment answer from a signal or an input. Any client of Temporal can send one, so every field is checked.
 *
 * @returns the answer; null if the value has no UUID as `paymentId` or no boolean as `success`
 */
export function parsePaymentAnswer(value: unknown): PaymentAnswer | null {
  if (typeof value !== 'object' || value === null) return null;
  const { paymentId, success, reason } = value as Partial<Record<keyof PaymentAnswer, unknown>>;
  if (typeof paymentId !== 'string' || !UUID.test(paymentId) || typeof success !== 'boolean') return null;
  return {
    paymentId: paymentId.toLowerCase(),
    success,
    reason: typeof reason === 'string' ? reason.slice(0, MAX_REASON_LENGTH) : '',
  };
}
