import { expect, test } from '@jest/globals';
import { summaryOf } from './trace-statement';

test.each([
  ['SELECT "public"."orders"."order_id" FROM "public"."orders" WHERE 1=1', 'SELECT orders'],
  ['SELECT 1', 'SELECT'],
  ['/* unnamed */\n  SELECT count(*) FROM orders', 'SELECT orders'],
  ['UPDATE "payments"."payments" SET "status" = $1', 'UPDATE payments'],
  ['INSERT INTO payments AS existing (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = $1', 'INSERT payments'],
  ['WITH taken AS (UPDATE products SET quantity_available = $1) INSERT INTO orders SELECT $2', 'WITH products'],
  ['DELETE FROM idempotency_keys WHERE created_at < $1', 'DELETE idempotency_keys'],
  ['WITH line AS (SELECT * FROM unnest($1::uuid[])) INSERT INTO orders (order_id) SELECT $2', 'WITH orders'],
  ['BEGIN', 'BEGIN'],
  ['', 'SQL'],
])('summarizes %j as %s', (sql, summary) => {
  expect(summaryOf(sql)).toBe(summary);
});
