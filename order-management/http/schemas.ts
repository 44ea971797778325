import { Problem } from '@shop/runtime/problem';
import { caseInsensitive } from '@shop/runtime/case-insensitive';
import { z } from 'zod';

// PostgreSQL cannot store a NUL character in a text.
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), { error: 'must not contain a NUL character' });
const nonEmptyText = (max: number) => text(max).refine((value) => value.trim() !== '', { error: 'must not be empty' });

const id = z.guid({ error: 'must be a UUID' }).toLowerCase();
const MAX_INT = 2 ** 31 - 1;
const orderedQuantity = z.int().min(1).max(MAX_INT);
const stock = z.int().min(0).max(MAX_INT);
// As in the original, PostgreSQL rounds a price to cents, half away from zero. 59.97 is often sent as 59.970000000000006.
const price = z
  .number()
  .gt(-0.005, { error: 'must not be negative' })
  .lt(99_999_999.995, { error: 'must be at most 99999999.99' })
  .transform(String);

// Stricter than the original, which accepts any text.
const email = text(320).regex(z.regexes.unicodeEmail, { error: 'must be an e-mail address' });

export const customerBody = z.object({ firstName: nonEmptyText(200), lastName: nonEmptyText(200), email });

export const productBody = z.object({
  name: nonEmptyText(500),
  price,
  description: text(10_000)
    .nullish()
    .transform((value) => value ?? ''),
  quantityAvailable: stock,
  productType: nonEmptyText(200),
});

/** A client may also send the price, name and type of a product. They are ignored: the stored product is used. */
export const orderBody = z.object({
  customerId: id,
  products: z
    .array(z.unknown())
    .min(1)
    .max(1_000) // checked before any line is parsed: a body has room for half a million lines
    .pipe(z.array(caseInsensitive(z.object({ productId: id, orderedQuantity }))))
    .transform(mergeLines)
    .refine((lines) => lines.every((line) => line.quantity <= MAX_INT), {
      error: `must contain at most ${MAX_INT} units of one product`,
    }),
});

/** Merges the lines of the same product into one. */
function mergeLines(
  lines: { productId: string; orderedQuantity: number }[],
): { productId: string; quantity: number }[] {
  const quantities = new Map<string, number>();
  for (const line of lines)
    quantities.set(line.productId, (quantities.get(line.productId) ?? 0) + line.orderedQuantity);
  return Array.from(quantities, ([productId, quantity]) => ({ productId, quantity }));
}

const MAX_REPORTED_ERRORS = 20;

const describeMissing: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined ? 'is missing' : undefined;

/**
 * Parses the body of a request. Field names may be in any case.
 *
 * @throws {Problem} 400 if the body is not an object; 422 if fields are wrong, with a list of them
 */
export function readBody<S extends z.ZodObject>(schema: S, body: unknown): z.output<S> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem(400, 'The body must be a JSON object.');
  }
  const result = caseInsensitive(schema).safeParse(body, { error: describeMissing });
  if (result.success) return result.data;
  const { issues } = result.error;
  const errors = issues.slice(0, MAX_REPORTED_ERRORS).map(({ path, message }) => ({ field: path.join('.'), message }));
  const more = issues.length > MAX_REPORTED_ERRORS ? [`and ${issues.length - MAX_REPORTED_ERRORS} more errors`] : [];
  const detail = [...errors.map(({ field, message }) => `${field}: ${message}`), ...more].join('; ');
  throw new Problem(422, detail, { members: { errors } });
}

/**
 * Parses an id from a path.
 *
 * @param kind what the id identifies, for the error text
 * @throws {Problem} 400 if it is not a UUID
 */
export function readId(value: unknown, kind: string): string {
  const result = id.safeParse(value);
  if (result.success) return result.data;
  throw new Problem(400, `The ${kind} id ${JSON.stringify(String(value).slice(0, 100))} is not a UUID.`);
}

/**
 * Parses a number from a query string. Of several values it uses the first. An invalid value falls back to the default,
 * as in the original.
 */
export function readCount(values: unknown, fallback: number, max: number): number {
  const value: unknown = Array.isArray(values) ? values[0] : values;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Math.min(Number(value), max) : fallback;
}
