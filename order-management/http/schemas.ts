import { caseInsensitive } from '@shop/runtime/case-insensitive';
import { uuid } from '@shop/runtime/uuid-schemas';
import { z } from 'zod';
import { MAX_STOCK } from '../catalog/stock';

// PostgreSQL cannot store a NUL character in a text.
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), { error: 'must not contain a NUL character' });
const nonEmptyText = (max: number) => text(max).refine((value) => value.trim() !== '', { error: 'must not be empty' });

const orderedQuantity = z.int().min(1).max(MAX_STOCK);
const stock = z.int().min(0).max(MAX_STOCK);
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

// Silently ignoring such a field would let a client believe that it has set it.
const refused = (instead: string) => z.never({ error: `cannot be set. ${instead}` }).optional();

const notChangeable = {
  quantityAvailable: refused('Use POST /product/{id}/restock, which is safe while orders are placed.'),
  retired: refused('Use POST /product/{id}/retire or POST /product/{id}/restore.'),
};

/** All fields of a product that can be changed. */
export const productReplacement = productBody.omit({ quantityAvailable: true }).extend(notChangeable);

const atLeastOne = (names: string[]) => ({
  error: `must contain at least one of ${names.join(', ')}`,
  path: ['body'],
});

const isPresent = (value: unknown): boolean => value !== undefined;

/** Some fields of a product. */
export const productChanges = z
  .object({
    name: nonEmptyText(500).optional(),
    price: price.optional(),
    description: text(10_000)
      .nullable()
      .transform((value) => value ?? '')
      .optional(),
    productType: nonEmptyText(200).optional(),
    ...notChangeable,
  })
  .refine(
    (changes) => Object.values(changes).some(isPresent),
    atLeastOne(['name', 'price', 'description', 'productType']),
  );

/** Some fields of a customer. */
export const customerChanges = customerBody
  .partial()
  .refine((changes) => Object.values(changes).some(isPresent), atLeastOne(['firstName', 'lastName', 'email']));

/** How many units are added to a stock; a negative number removes units. */
export const restockBody = z.object({
  quantity: z
    .int()
    .min(-MAX_STOCK)
    .max(MAX_STOCK)
    .refine((quantity) => quantity !== 0, { error: 'must not be 0' }),
});

/** Why a person requests a refund. An `amount` is refused: a client that sends one expects a partial refund. */
export const refundBody = z.object({
  amount: refused('The whole payment is refunded.'),
  reason: text(500)
    .nullish()
    .transform((reason) => reason?.trim() || 'no reason given'),
});

const orderLine = z.object({ productId: uuid, orderedQuantity });
const { $schema: _dialect, ...orderLineJson } = z.toJSONSchema(orderLine, { io: 'input' });

/** A client may also send the price, name and type of a product. They are ignored: the stored product is used. */
export const orderBody = z.object({
  customerId: uuid,
  products: z
    .array(z.unknown())
    .min(1)
    .max(1_000) // checked before any line is parsed: a body has room for half a million lines
    .meta({ items: orderLineJson })
    .pipe(z.array(caseInsensitive(orderLine)))
    .transform(mergeLines)
    .refine((lines) => lines.every((line) => line.quantity <= MAX_STOCK), {
      error: `must contain at most ${MAX_STOCK} units of one product`,
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

const MAX_WAIT_MS = 60_000;

/** How long an answer may be held, such as `30s` or `500ms`; the output is in milliseconds. */
export const wait = z
  .string()
  .transform((value, context): number => {
    const [, count, unit] = /^(\d{1,6})(ms|s)$/.exec(value) ?? [];
    const milliseconds = Number(count) * (unit === 's' ? 1_000 : 1);
    if (milliseconds <= MAX_WAIT_MS) return milliseconds;
    context.addIssue('must be a time of at most 60s, such as 30s or 500ms');
    return z.NEVER;
  })
  .meta({ examples: ['30s'] });

/** A part of a text to search for. */
export const partOfText = nonEmptyText(100);

/** A condition in a query string. */
export const trueOrFalse = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((value) => value === 'true');

/** The key under which a client places one order. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, {
    error: 'The Idempotency-Key must consist of 1 to 255 visible ASCII characters.',
  })
  .meta({ description: 'Identifies the order, so that the request can be repeated safely for 24 hours.' });

/**
 * A count in a query string. Of several values the first counts. An invalid value falls back to the default, as in the
 * original.
 */
export const lenientCount = (fallback: number, max: number) =>
  z
    .union([z.string(), z.array(z.string())])
    .optional()
    .transform((values) => {
      const value = Array.isArray(values) ? values[0] : values;
      return value !== undefined && /^\d{1,9}$/.test(value) ? Math.min(Number(value), max) : fallback;
    });
