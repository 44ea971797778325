import type { Client } from 'pg';

/** What is true of the shop once it has settled, whatever has happened to it. */
export interface Invariant {
  name: string;
  /** @returns what contradicts it, a line each; nothing where it holds */
  violations: (sql: Pick<Client, 'query'>, seen: Seen) => Promise<string[]>;
}

/** What the clients know. */
export interface Seen {
  /** The id of the order that each key was answered with; 201 only. */
  accepted: ReadonlyMap<string, string>;
  /** How many pieces of each product there were. */
  stock: ReadonlyMap<string, number>;
}

const rowsOf = async <T>(sql: Pick<Client, 'query'>, query: string): Promise<T[]> =>
  (await sql.query(query)).rows as T[];

const listed =
  (query: string) =>
  async (sql: Pick<Client, 'query'>): Promise<string[]> =>
    (await rowsOf<{ text: string }>(sql, query)).map(({ text }) => text);

export const INVARIANTS: Invariant[] = [
  {
    name: 'every 201 is an order',
    violations: async (sql, { accepted }) => {
      const rows = await rowsOf<{ order_id: string }>(sql, 'SELECT order_id FROM orders');
      const known = new Set(rows.map((row) => row.order_id));
      return [...accepted.values()]
        .filter((orderId) => !known.has(orderId))
        .map((orderId) => `order ${orderId} is lost`);
    },
  },
  {
    name: 'every key has placed one order, and every order has a key',
    violations: async (sql, { accepted }) => {
      const rows = await rowsOf<{ key: string | null; order_id: string }>(
        sql,
        'SELECT key, orders.order_id FROM orders LEFT JOIN idempotency_keys USING (order_id)',
      );
      return rows
        .filter(({ key, order_id }) => key === null || (accepted.get(key) ?? order_id) !== order_id)
        .map(({ key, order_id }) => `order ${order_id} has the key ${key}, which was answered otherwise`);
    },
  },
  {
    name: 'no order is placed any more',
    violations: listed(`SELECT 'order ' || order_id || ' is ' || order_status AS text FROM orders
      WHERE order_status NOT IN ('shipped', 'cancelled')`),
  },
  {
    name: 'stock taken is stock sold',
    violations: async (sql, { stock }) => {
      const rows = await rowsOf<{ product_id: string; left: number; sold: number }>(
        sql,
        `SELECT product_id, quantity_available AS left, coalesce((
           SELECT sum(line.quantity) FROM order_products line JOIN orders USING (order_id)
           WHERE line.product_id = product.product_id AND order_status = 'shipped'), 0)::int AS sold
         FROM products product`,
      );
      return rows
        .filter(
          ({ product_id, left, sold }) => stock.has(product_id) && (stock.get(product_id) !== left + sold || left < 0),
        )
        .map(
          ({ product_id, left, sold }) =>
            `product ${product_id}: ${stock.get(product_id)} became ${left}, sold ${sold}`,
        );
    },
  },
  {
    name: 'every shipped order has one payment that stands',
    violations:
      listed(`SELECT 'order ' || orders.order_id || ' is shipped, its payment ' || coalesce(status, 'missing') AS text
      FROM orders LEFT JOIN payments.payments payment USING (order_id, payment_id)
      WHERE order_status = 'shipped' AND status IS DISTINCT FROM 'success'`),
  },
  {
    name: 'no cancelled order has a payment that stands',
    violations:
      listed(`SELECT 'order ' || order_id || ' is cancelled, payment ' || payment.payment_id || ' stands' AS text
      FROM orders JOIN payments.payments payment USING (order_id)
      WHERE order_status = 'cancelled' AND status = 'success'`),
  },
  {
    name: 'no order is shipped whose cancel was taken',
    violations: listed(`SELECT 'order ' || order_id || ' is shipped' AS text FROM orders
      WHERE order_status = 'shipped' AND cancel_requested_at IS NOT NULL`),
  },
  {
    name: 'no refund is due any more',
    violations: listed(`SELECT 'refund ' || refund_id || ' of order ' || order_id AS text FROM refunds_due`),
  },
  {
    name: 'no payment stands without an order',
    violations: listed(`SELECT 'payment ' || payment.payment_id || ' of no order' AS text
      FROM payments.payments payment LEFT JOIN orders USING (order_id)
      WHERE orders.order_id IS NULL AND status = 'success'`),
  },
];
