/** The most that a single order may be charged; exactly this much is fine. */
const LIMIT_DOLLARS = 1_000;

/** Why an amount is declined, in the original's words; empty where it is not. @param amount dollars, such as `90.00` */
export const declineReason = (amount: string): string =>
  Number(amount) > LIMIT_DOLLARS ? `total amount over $${LIMIT_DOLLARS}` : '';
