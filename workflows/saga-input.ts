import { checkInput } from './check-input';
import { MAX_ANSWER_TIMEOUT_MS, MAX_PAYMENT_REQUESTS, type PlaceOrderInput } from './contract';
import { UUID } from './payment-answer';

const AMOUNT = /^-?\d{1,20}\.\d{2}$/; // an adopted order of the original may have any price

const isIntegerUpTo = (maximum: number, value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= maximum;

/**
 * Checks the input of a saga. If it is invalid and the order exists, the sweeper starts a valid saga. Invalid answers are
 * ignored later, like invalid signals.
 *
 * @throws {ApplicationFailure} that names the invalid field
 */
export function checkSagaInput(input: PlaceOrderInput): void {
  const {
    orderId,
    customerId,
    totalAmount,
    payment,
    resumed,
    answers = [],
  } = (input ?? {}) as Partial<Record<keyof PlaceOrderInput, unknown>>;
  const { channel, maxRequests, answerTimeoutMs } = (payment ?? {}) as Partial<Record<string, unknown>>;
  checkInput('placeOrder', {
    'orderId must be a UUID': typeof orderId === 'string' && UUID.test(orderId),
    'customerId must be a UUID or empty':
      customerId === '' || (typeof customerId === 'string' && UUID.test(customerId)),
    'totalAmount must be a decimal with two places': typeof totalAmount === 'string' && AMOUNT.test(totalAmount),
    'payment.channel must be events or activity': channel === 'events' || channel === 'activity',
    [`payment.maxRequests must be an integer from 1 to ${MAX_PAYMENT_REQUESTS}`]: isIntegerUpTo(
      MAX_PAYMENT_REQUESTS,
      maxRequests,
    ),
    [`payment.answerTimeoutMs must be an integer from 1 to ${MAX_ANSWER_TIMEOUT_MS}`]: isIntegerUpTo(
      MAX_ANSWER_TIMEOUT_MS,
      answerTimeoutMs,
    ),
    'resumed must be true or absent': resumed === undefined || resumed === true,
    'answers must be an array': Array.isArray(answers),
  });
}
