import { compensations, createCounter } from '@shop/runtime/metrics';
import { MAX_AMOUNT } from '@shop/workflows/contract';

const RESULTS = ['charged', 'declined', 'refunded'] as const;
export type CountedResult = (typeof RESULTS)[number];

const series = RESULTS.map((result) => ({ result }));

const payments = createCounter(
  'payments_total',
  'Payments that were charged, declined or refunded.',
  ['result'],
  series,
);

const paymentRefunded = compensations.labels('payment_refunded');
paymentRefunded.inc(0);

/** Sums are kept in whole cents, because a sum of fractions of dollars accumulates rounding errors. */
const cents: Record<CountedResult, number> = { charged: 0, declined: 0, refunded: 0 };

createCounter(
  'payments_amount_dollars_total',
  'Amounts of payments that were charged, declined or refunded, in dollars.',
  ['result'],
  series,
  (counter) => {
    counter.reset();
    for (const result of RESULTS) counter.inc({ result }, cents[result] / 100);
  },
);

/**
 * Counts a payment that a statement of this process has changed. An amount that no order can have is not added to the sum:
 * a message may contain any number, such as a negative one or 1e300.
 *
 * @param amount in dollars, for example `90.00`
 */
export function countPayment(result: CountedResult, amount: string): void {
  payments.inc({ result });
  if (result === 'refunded') paymentRefunded.inc();
  const dollars = Number(amount);
  if (dollars > 0 && dollars <= MAX_AMOUNT) cents[result] += Math.round(dollars * 100);
}
