import { Client } from 'pg';
import { INITIAL_STOCK } from '../load/fixture';

/** Reads a candidate's orders. */
export interface OrderInspector {
  /** Counts the orders that have settled since the candidate started. */
  countSettled: () => Promise<number>;
  /** Returns when each order settled, for those that settled since the given time. Times are milliseconds since 1970. */
  settledSince: (sinceMs: number) => Promise<Map<string, number>>;
  /** Checks orders, payments and stock once all accepted orders have settled. @returns a text for each violation */
  findViolations: (accepted: number) => Promise<string[]>;
  close: () => Promise<void>;
}

/** Reads the orders of a candidate from its database. */
export async function inspectDatabase(databaseUrl: string): Promise<OrderInspector> {
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => undefined); // the next query reports it
  await client.connect();
  return {
    countSettled: async () => {
      const { rows } = await client.query<{ count: number }>('SELECT count(settled_at)::int AS count FROM orders');
      return rows[0]!.count;
    },
    settledSince: async (sinceMs) => {
      const { rows } = await client.query<{ order_id: string; at_ms: number }>(
        `SELECT order_id, extract(epoch FROM settled_at)::float8 * 1000 AS at_ms FROM orders
         WHERE settled_at >= to_timestamp($1::float8 / 1000)`,
        [sinceMs],
      );
      return new Map(rows.map(({ order_id, at_ms }) => [order_id, at_ms]));
    },
    findViolations: (accepted) => findViolations(client, accepted),
    close: () => client.end(),
  };
}

async function findViolations(client: Client, accepted: number): Promise<string[]> {
  const { rows } = await client.query<Record<'orders' | 'payments' | 'taken' | 'sold' | 'inconsistent', string>>(
    `SELECT (SELECT count(*) FROM orders) AS orders,
       (SELECT count(*) FROM payments.payments) AS payments,
       (SELECT sum($1 - quantity_available::bigint) FROM products WHERE product_type = 'Bench') AS taken,
       (SELECT coalesce(sum(quantity), 0) FROM order_products JOIN orders USING (order_id)
         WHERE order_status <> 'cancelled') AS sold,
       (SELECT count(*) FROM orders JOIN payments.payments payment USING (order_id)
         WHERE (order_status, payment.status) NOT IN (('shipped', 'success'), ('cancelled', 'failed'))
           OR (payment.status = 'success') <> (payment.amount <= 1000)) AS inconsistent`,
    [INITIAL_STOCK],
  );
  const { orders, payments, taken, sold, inconsistent } = rows[0]!;
  return [
    ...(Number(orders) === accepted ? [] : [`${accepted} orders were accepted, but ${orders} are stored`]),
    ...(payments === orders ? [] : [`${orders} orders have ${payments} payments`]),
    ...(taken === sold ? [] : [`${taken} units were taken from stock, but ${sold} were sold`]),
    ...(inconsistent === '0' ? [] : [`${inconsistent} orders have a status that contradicts their payment`]),
  ];
}

/** Reads the orders of Temporal's floor, which has no database, over HTTP. */
export function inspectFloor(url: string): OrderInspector {
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${url}${path}`)).json()) as T;
  const countSettled = (): Promise<number> => get('/settled');
  return {
    countSettled,
    settledSince: async (sinceMs) => new Map(await get<[string, number][]>(`/settled/since/${sinceMs}`)),
    findViolations: async (accepted) => {
      const ended = await countSettled();
      return ended === accepted ? [] : [`${accepted} workflows were started, but ${ended} have ended`];
    },
    close: async () => undefined,
  };
}
