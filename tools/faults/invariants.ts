import type { Client } from 'pg';

type Sql = Pick<Client, 'query'>;

/** A condition on the tables that is true once every order is settled, even after failures. */
export interface Invariant {
  /** Returns a sentence about the number of violations, which is true for 0, too: "0 orders are unsettled". */
  statement: (violations: number) => string;
  /** Returns one line per violation. */
  violations: (sql: Sql, observed: Observed) => Promise<string[]>;
}

/** What the clients know about the system. */
export interface Observed {
  /** The id of each order that was answered 201, by its `Idempotency-Key`. */
  accepted: ReadonlyMap<string, string>;
  /** The initial stock of each product, by its id. */
  stock: ReadonlyMap<string, number>;
}

/** Returns a function that completes "1 …" with `one`, and every other number with `many`. */
export const sentence =
  (one: string, many: string) =>
  (count: number): string =>
    `${count} ${count === 1 ? one : many}`;

const rowsOf = async <T>(sql: Sql, query: string): Promise<T[]> => (await sql.query(query)).rows as T[];

/** Returns the `text` of each row that a query finds. */
const textsOf =
  (query: string) =>
  async (sql: Sql): Promise<string[]> =>
    (await rowsOf<{ text: string }>(sql, query)).map(({ text }) => text);

export const INVARIANTS: Invariant[] = [
  {
    statement: sentence('accepted order is missing', 'accepted orders are missing'),
    violations: async (sql, { accepted }) => {
      const rows = await rowsOf<{ order_id: string }>(sql, 'SELECT order_id FROM orders');
      const stored = new Set(rows.map((row) => row.order_id));
      return [...accepted.values()].filter((orderId) => !stored.has(orderId)).map((orderId) => `order ${orderId}`);
    },
  },
  {
    statement: sentence('order does not match its idempotency key', 'orders do not match their idempotency keys'),
    violations: async (sql, { accepted }) => {
      const rows = await rowsOf<{ key: string | null; order_id: string }>(
        sql,
        'SELECT key, orders.order_id FROM orders LEFT JOIN idempotency_keys USING (order_id)',
      );
      return rows.flatMap(({ key, order_id }) => {
        if (key === null) return [`order ${order_id} has no key`];
        const answered = accepted.get(key) ?? order_id;
        return answered === order_id ? [] : [`order ${order_id} has key ${key}, which was answered with ${answered}`];
      });
    },
  },
  {
    statement: sentence('order is unsettled', 'orders are unsettled'),
    violations: textsOf(`SELECT 'order ' || order_id || ' is ' || order_status AS text FROM orders
      WHERE order_status NOT IN ('shipped', 'cancelled')`),
  },
  {
    statement: sentence('product has the wrong stock', 'products have the wrong stock'),
    violations: async (sql, { stock }) => {
      const rows = await rowsOf<{ product_id: string; available: number; sold: number }>(
        sql,
        `SELECT product_id, quantity_available AS available, coalesce((
           SELECT sum(line.quantity) FROM order_products line JOIN orders USING (order_id)
           WHERE line.product_id = product.product_id AND order_status = 'shipped'), 0)::int AS sold
         FROM products product`,
      );
      return rows.flatMap(({ product_id, available, sold }) => {
        const initial = stock.get(product_id);
        if (initial === undefined || (initial === available + sold && available >= 0)) return [];
        return [`product ${product_id}: of ${initial} pieces ${sold} were shipped, but ${available} are available`];
      });
    },
  },
  {
    statement: sentence('shipped order has no successful payment', 'shipped orders have no successful payment'),
    violations: textsOf(`SELECT 'order ' || orders.order_id || ', payment ' || coalesce(status, 'missing') AS text
      FROM orders LEFT JOIN payments.payments payment USING (order_id, payment_id)
      WHERE order_status = 'shipped'
        AND status IS DISTINCT FROM CASE payment_status WHEN 'refunded' THEN 'refunded' ELSE 'success' END`),
  },
  {
    statement: sentence('cancelled order has an unrefunded payment', 'cancelled orders have an unrefunded payment'),
    violations: textsOf(`SELECT 'order ' || order_id || ', payment ' || payment.payment_id AS text
      FROM orders JOIN payments.payments payment USING (order_id)
      WHERE order_status = 'cancelled' AND status = 'success'`),
  },
  {
    statement: sentence(
      'order was shipped after its cancellation was accepted',
      'orders were shipped after their cancellation was accepted',
    ),
    violations: textsOf(`SELECT 'order ' || order_id AS text FROM orders
      WHERE order_status = 'shipped' AND cancel_requested_at IS NOT NULL`),
  },
  {
    statement: sentence('cancelled order has no reason', 'cancelled orders have no reason'),
    violations: textsOf(`SELECT 'order ' || order_id AS text FROM orders
      WHERE order_status = 'cancelled' AND (cancellation_code IS NULL OR cancellation_reason IS NULL)`),
  },
  {
    statement: sentence('refund is outstanding', 'refunds are outstanding'),
    violations: textsOf(`SELECT 'refund ' || refund_id || ' of order ' || order_id AS text FROM refunds_due`),
  },
  {
    statement: sentence('payment belongs to no order', 'payments belong to no order'),
    violations: textsOf(`SELECT 'payment ' || payment.payment_id AS text
      FROM payments.payments payment LEFT JOIN orders USING (order_id)
      WHERE orders.order_id IS NULL AND status = 'success'`),
  },
];
