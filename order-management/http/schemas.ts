import { Problem } from '@shop/runtime/problem';
import { caseInsensitive } from '@shop/runtime/case-insensitive';
import { z } from 'zod';

// PostgreSQL's text cannot hold a NUL.
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), { error: 'must not contain a NUL character' });
const words = (max: number) => text(max).refine((value) => value.trim() !== '', { error: 'must not be empty' });

const id = z.guid({ error: 'must be a UUID' }).toLowerCase();
const MAX_INT = 2 ** 31 - 1;
const pieces = z.int().min(1).max(MAX_INT);
const stock = z.int().min(0).max(MAX_INT);
const money = z
  .number()
  .min(0)
  .max(99_999_999.99)
  .refine((value) => Number(value.toFixed(2)) === value, { error: 'must have two decimals at most' })
  .transform((value) => value.toFixed(2));

// The original takes any text; what has no @ in it helps nobody.
const email = text(320).regex(z.regexes.unicodeEmail, { error: 'must be an e-mail address' });

export const customerBody = z.object({ firstName: words(200), lastName: words(200), email });

export const productBody = z.object({
  name: words(500),
  price: money,
  description: text(10_000)
    .nullish()
    .transform((value) => value ?? ''),
  quantityAvailable: stock,
  productType: words(200),
});

/** The price, name and type that a client may send along are not read: they are the product's. */
export const orderBody = z.object({
  customerId: id,
  products: z
    .array(z.unknown())
    .min(1)
    .max(1_000) // before any line is looked at: half a million fit into a body
    .pipe(z.array(caseInsensitive(z.object({ productId: id, orderedQuantity: pieces }))))
    .transform(mergeRepeated)
    .refine((lines) => lines.every((line) => line.quantity <= MAX_INT), {
      error: `orders more than ${MAX_INT} of one product`,
    }),
});

function mergeRepeated(
  lines: { productId: string; orderedQuantity: number }[],
): { productId: string; quantity: number }[] {
  const quantities = new Map<string, number>();
  for (const line of lines)
    quantities.set(line.productId, (quantities.get(line.productId) ?? 0) + line.orderedQuantity);
  return Array.from(quantities, ([productId, quantity]) => ({ productId, quantity }));
}

const ERRORS_TOLD = 20;

const sayMissing: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined ? 'is missing' : undefined;

/**
 * Reads a request's body, its field names in any case.
 *
 * @throws Problem 400 where it is no object, 422 with the fields that are wrong, and why
 */
export function readBody<S extends z.ZodObject>(schema: S, body: unknown): z.output<S> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem(400, 'The body must be a JSON object.');
  }
  const result = caseInsensitive(schema).safeParse(body, { error: sayMissing });
  if (result.success) return result.data;
  const { issues } = result.error;
  const errors = issues.slice(0, ERRORS_TOLD).map(({ path, message }) => ({ field: path.join('.'), message }));
  const more = issues.length > ERRORS_TOLD ? [`and ${issues.length - ERRORS_TOLD} more`] : [];
  const detail = [...errors.map(({ field, message }) => `${field}: ${message}`), ...more].join('; ');
  throw new Problem(422, detail, { members: { errors } });
}

/** Reads an id out of a path. @throws Problem 400 */
export function readId(value: unknown, what: string): string {
  const result = id.safeParse(value);
  if (result.success) return result.data;
  throw new Problem(400, `The ${what} id ${JSON.stringify(String(value).slice(0, 100))} is not a UUID.`);
}

/** Reads a number out of a query: the first of its name; anything that is no number falls back, as in the original. */
export function readCount(values: unknown, fallback: number, max: number): number {
  const value: unknown = Array.isArray(values) ? values[0] : values;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Math.min(Number(value), max) : fallback;
}
