/** The largest amount that is charged, in dollars. A larger one is declined. */
const LIMIT_DOLLARS = 1_000;

/**
 * Returns the reason for which an amount is declined, in the words of the original, or an empty text if it is accepted.
 *
 * @param amount in dollars, for example `90.00`
 */
export const declineReason = (amount: string): string =>
  Number(amount) > LIMIT_DOLLARS ? `total amount over $${LIMIT_DOLLARS}` : '';
