const dollars = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' });
const wholeDollars = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD', maximumFractionDigits: 0 });
const counts = new Intl.NumberFormat();

/** Formats an amount in dollars in the reader's number format. */
export const formatMoney = (amount: number): string => dollars.format(amount);

/** Formats an amount without cents, for axes and totals. */
export const formatWholeMoney = (amount: number): string => wholeDollars.format(amount);

/** Formats a count. */
export const formatCount = (count: number): string => counts.format(count);

/** Sums lines in cents, so that the total has no rounding error. */
export const totalOf = (lines: readonly { price: number; quantity: number }[]): number =>
  lines.reduce((cents, { price, quantity }) => cents + Math.round(price * 100) * quantity, 0) / 100;

/** Reads an amount that a person has typed: digits, and at most two decimals after a point or a comma. Null if it is none. */
export function parseMoney(text: string): number | null {
  const match = /^\s*(\d{1,8})(?:[.,](\d{1,2}))?\s*$/.exec(text);
  return match ? Number(`${match[1]}.${match[2] ?? '0'}`) : null;
}
