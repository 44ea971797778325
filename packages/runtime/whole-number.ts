import { z } from 'zod';

/**
 * Makes the schema of a query parameter that is a whole number in decimal digits. Other notations of JavaScript, such as
 * `0x10` and `1e2`, and an empty or repeated parameter are invalid.
 *
 * @param message the error text for every other value
 */
export const wholeNumber = ({ min, max, message }: { min: number; max: number; message: string }) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.int(message).min(min, message).max(max, message),
  );
