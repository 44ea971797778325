import { randomUUID } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import { literal } from '@shop/prisma/sql';
import { ANONYMOUS, type Caller } from '@shop/runtime/access/caller';
import { MAX_AMOUNT } from '@shop/workflows/contract';
import { OrderStep } from '../events/order-step';
import type { OrderKey } from './order-key';
import { OrderStatus, PaymentStatus } from './order-status';
import type { PlacedOrder } from './placed-order';

export interface OrderRequest {
  customerId: string;
  /** At most one line per product. */
  lines: { productId: string; quantity: number }[];
}

/** A line that cannot be accepted. `available` is null if the product does not exist. */
export interface Shortage {
  productId: string;
  ordered: number;
  available: number | null;
}

export type Acceptance = { accepted: true; order: PlacedOrder; totalAmount: string } | Refusal;

export type Refusal =
  | { accepted: false; why: 'unknown customer' }
  | { accepted: false; why: 'retired'; productIds: string[] }
  | { accepted: false; why: 'short'; shortages: Shortage[] }
  | { accepted: false; why: 'amount too large'; totalAmount: string };

/** A requested line with its product, which the transaction has locked. */
interface HeldLine {
  customer_known: boolean;
  order_date: Date | null;
  total_amount: string;
  product_id: string;
  quantity: number;
  name: string | null;
  price: string;
  description: string | null;
  product_type: string;
  quantity_available: number;
  retired: boolean;
}

/**
 * Accepts an order completely or not at all: writes the order and its lines at the products' current prices, and takes
 * the stock of all lines.
 *
 * A single statement needs one transaction and one round trip. Products are locked in the order of their ids, so that two
 * orders of the same products wait for each other instead of deadlocking.
 *
 * @param examineAfterMs time until the sweeper checks the order, in milliseconds
 * @param key idempotency key of the order, if the client sent one
 * @param caller who sent the request, for the history of the order
 * @throws a unique violation (`isDuplicate`) if an order with this key exists
 */
export async function acceptOrder(
  database: OrdersClient,
  { customerId, lines }: OrderRequest,
  examineAfterMs: number,
  key: OrderKey | null = null,
  { actor }: Pick<Caller, 'actor'> = ANONYMOUS,
): Promise<Acceptance> {
  const orderId = randomUUID();
  const productIds = lines.map((line) => line.productId);
  const quantities = lines.map((line) => line.quantity);

  const held = await database.$queryRaw<HeldLine[]>`
    WITH wanted AS (
      SELECT * FROM unnest(${productIds}::uuid[], ${quantities}::int[]) AS line (product_id, quantity)
    ), held AS (
      SELECT product.*, wanted.quantity,
        EXISTS (SELECT FROM retired_products retired WHERE retired.product_id = product.product_id) AS retired
      FROM products product JOIN wanted USING (product_id)
      ORDER BY product_id
      FOR NO KEY UPDATE OF product
    ), verdict AS (
      SELECT customer_known, customer_known AND all_available AND payable AS accepted
      FROM (SELECT
        EXISTS (SELECT FROM customers WHERE customer_id = ${customerId}::uuid) AS customer_known,
        (SELECT count(*) FROM held WHERE quantity_available >= quantity AND NOT retired)
          = (SELECT count(*) FROM wanted) AS all_available,
        (SELECT sum(price * quantity) FROM held) <= ${String(MAX_AMOUNT)}::numeric AS payable
      ) checks
    ), taken AS (
      UPDATE products product SET quantity_available = product.quantity_available - held.quantity
      FROM held, verdict WHERE product.product_id = held.product_id AND verdict.accepted
    ), placed AS (
      INSERT INTO orders (order_id, customer_id, order_status, payment_status, order_date, stock_taken_at, examine_after)
      SELECT ${orderId}::uuid, ${customerId}::uuid, ${literal(OrderStatus.placed)}, ${literal(PaymentStatus.pending)},
        now() AT TIME ZONE 'UTC', now(), now() + ${examineAfterMs}::int * interval '1 ms'
      FROM verdict WHERE accepted
      RETURNING order_id, order_date
    ), lines AS (
      INSERT INTO order_products (order_id, product_id, quantity, unit_price)
      SELECT placed.order_id, held.product_id, held.quantity, held.price FROM held, placed
    ), recorded AS (
      INSERT INTO order_events (order_id, step, actor) SELECT order_id, ${literal(OrderStep.accepted)}, ${actor} FROM placed
    ), keyed AS (
      INSERT INTO idempotency_keys (key, fingerprint, order_id)
      SELECT ${key?.key ?? null}::text, ${key?.fingerprint ?? null}::text, order_id FROM placed
      WHERE ${key !== null}::boolean
    )
    SELECT verdict.customer_known, placed.order_date, wanted.product_id, wanted.quantity,
      (SELECT sum(price * quantity) FROM held)::text AS total_amount,
      held.name, held.price::text, held.description, held.product_type, held.quantity_available,
      held.retired
    FROM wanted CROSS JOIN verdict LEFT JOIN held USING (product_id) LEFT JOIN placed ON true`;

  const first = held[0];
  if (!first) throw new Error('An order needs at least one line.');
  if (!first.customer_known) return { accepted: false, why: 'unknown customer' };
  const retired = held.filter((line) => line.retired);
  if (retired.length > 0) {
    return { accepted: false, why: 'retired', productIds: retired.map(({ product_id }) => product_id) };
  }
  const short = held.filter(isShort);
  if (short.length > 0) return { accepted: false, why: 'short', shortages: short.map(shortageOf) };
  if (!first.order_date) return { accepted: false, why: 'amount too large', totalAmount: first.total_amount };
  return {
    accepted: true,
    totalAmount: first.total_amount,
    order: {
      orderId,
      customerId,
      orderStatus: OrderStatus.placed,
      paymentStatus: PaymentStatus.pending,
      orderDate: first.order_date,
      lines: held.map((line) => ({
        productId: line.product_id,
        name: line.name ?? '',
        price: line.price,
        description: line.description,
        quantityAvailable: line.quantity_available - line.quantity,
        productType: line.product_type,
        quantity: line.quantity,
      })),
    },
  };
}

const isShort = (line: HeldLine): boolean => line.name === null || line.quantity_available < line.quantity;

const shortageOf = ({ product_id, quantity, name, quantity_available }: HeldLine): Shortage => ({
  productId: product_id,
  ordered: quantity,
  available: name === null ? null : quantity_available,
});
