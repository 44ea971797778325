import { Client } from 'pg';
import { violationsOf } from '../load/fixture';

/** What became of a contestant's orders. */
export interface OrderBook {
  /** How many orders have ended, since it started. */
  settled: () => Promise<number>;
  /** When each order ended that did so since then; both in milliseconds since 1970. */
  settledSince: (sinceMs: number) => Promise<Map<string, number>>;
  /** What is wrong with stock and payments once all orders that were accepted have ended, a line each. */
  violations: (accepted: number) => Promise<string[]>;
  close: () => Promise<void>;
}

/** As the database has it. */
export async function openDatabaseBook(databaseUrl: string): Promise<OrderBook> {
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => undefined); // told by the next query
  await client.connect();
  return {
    settled: async () => {
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
    violations: (accepted) => violationsOf(client, accepted),
    close: () => client.end(),
  };
}

/** As a contestant without a database tells it. */
export function openFloorBook(url: string): OrderBook {
  const ask = async <T>(path: string): Promise<T> => (await (await fetch(`${url}${path}`)).json()) as T;
  const settled = (): Promise<number> => ask('/settled');
  return {
    settled,
    settledSince: async (sinceMs) => new Map(await ask<[string, number][]>(`/settled/since/${sinceMs}`)),
    violations: async (accepted) => {
      const ended = await settled();
      return ended === accepted ? [] : [`${accepted} workflows were started, and ${ended} have ended`];
    },
    close: async () => undefined,
  };
}
