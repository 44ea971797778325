import { ApplicationFailure } from '@temporalio/workflow';
import type { PlaceOrderInput } from './contract';
import { UUID } from './payment-answer';

const AMOUNT = /^-?\d+\.\d{2}$/; // an adopted order of the original may have any price

/**
 * Checks the input of a saga, which any client of Temporal may have written. An invalid input ends the workflow; the
 * sweeper then starts a valid saga if the order exists. Without this check, the workflow task would fail forever.
 *
 * @throws {ApplicationFailure} that names the invalid field, and is not retried
 */
export function checkSagaInput(input: PlaceOrderInput): void {
  const { orderId, customerId, totalAmount, payment, answers = [] } = (input ?? {}) as Partial<PlaceOrderInput>;
  const { channel, maxRequests, answerTimeoutMs } = payment ?? {};
  const checks: Record<string, boolean> = {
    'orderId must be a UUID': typeof orderId === 'string' && UUID.test(orderId),
    'customerId must be a string': typeof customerId === 'string',
    'totalAmount must be a decimal with two places': typeof totalAmount === 'string' && AMOUNT.test(totalAmount),
    'payment.channel must be events or activity': channel === 'events' || channel === 'activity',
    'payment.maxRequests must be a positive integer': Number.isInteger(maxRequests) && Number(maxRequests) > 0,
    'payment.answerTimeoutMs must be a positive number': typeof answerTimeoutMs === 'number' && answerTimeoutMs > 0,
    'answers must be an array': Array.isArray(answers),
  };
  const problem = Object.keys(checks).find((check) => !checks[check]);
  if (problem) throw ApplicationFailure.nonRetryable(`Invalid input of placeOrder: ${problem}.`, 'InvalidInput');
}
