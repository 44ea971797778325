import { Problem } from '@shop/service/problem';
import { caseInsensitive } from '@shop/service/case-insensitive';
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

export const customerBody = z.object({ firstName: words(200), lastName: words(200), email: z.email().max(320) });

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
    .array(caseInsensitive(z.object({ productId: id, orderedQuantity: pieces })))
    .min(1)
    .max(1_000)
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

/**
 * Reads a request's body, its field names in any case.
 *
 * @throws Problem 400 where there is none, 422 with every field that is wrong, and why
 */
export function readBody<S extends z.ZodObject>(schema: S, body: unknown): z.output<S> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem(400, 'The body must be a JSON object.');
  }
  const result = caseInsensitive(schema).safeParse(body);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new Problem(422, detail, { members: { errors } });
}

/** Reads an id out of a path. @throws Problem 400 */
export function readId(value: unknown, what: string): string {
  const result = id.safeParse(value);
  if (result.success) return result.data;
  throw new Problem(400, `The ${what} id ${JSON.stringify(value)} is not a UUID.`);
}

/** Reads a number out of a query; anything that is not one falls back, as in the original. */
export const readCount = (value: unknown, fallback: number, max: number): number =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Math.min(Number(value), max) : fallback;
