import type { PaymentAnswer } from './contract';
import { plainText } from './plain-text';

export const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Reads a payment answer from a signal or an input. Any client of Temporal can send one, so every field is checked.
 *
 * @returns the answer; null if `paymentId` is no UUID, `success` is no boolean, or `reason` is neither a text nor missing
 */
export function parsePaymentAnswer(value: unknown): PaymentAnswer | null {
  if (typeof value !== 'object' || value === null) return null;
  const { paymentId, success, reason } = value as Partial<Record<keyof PaymentAnswer, unknown>>;
  const text = reason ?? '';
  if (typeof paymentId !== 'string' || !UUID.test(paymentId) || typeof success !== 'boolean') return null;
  return typeof text === 'string' ? { paymentId: paymentId.toLowerCase(), success, reason: plainText(text) } : null;
}
