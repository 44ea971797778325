import { parse } from 'node:querystring';
import { readSearch, searchQuery } from '@shop/order-management/http/search-query';
import type { DocumentedQuery } from '@shop/order-management/search/documented-queries';
import { readPage, type Selectivity } from '@shop/order-management/search/read-page';
import { limitSearch } from '@shop/order-management/search/search-settings';
import type { OrdersClient } from '@shop/prisma/clients';
import type { Sql } from '@shop/prisma/sql';
import type { Client } from 'pg';

/** A node of a plan of PostgreSQL, as EXPLAIN (FORMAT JSON) writes it. */
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: PlanNode[];
}

/** A statement of a search, and how PostgreSQL executed it. */
export interface ExplainedStatement {
  /** Whether it only counts the matches, which runs beside the page and has a time limit of its own. */
  isCount: boolean;
  databaseMs: number;
  /** The indexes that it reads, each once. */
  indexes: string[];
  /** The tables that it scans, each once. */
  scanned: string[];
}

/** Names a row that exists, for the placeholders of the documented queries. */
export interface Samples {
  customerId: string;
  productId: string;
  productName: string;
}

/** Chooses a customer and a product that have orders. */
export async function sampleRows(sql: Client): Promise<Samples> {
  const { rows } = await sql.query<Samples>(`
    SELECT customer_id AS "customerId", product_id AS "productId", name AS "productName"
    FROM (SELECT * FROM orders ORDER BY order_date DESC LIMIT 1) newest
    JOIN order_products USING (order_id) JOIN products USING (product_id) LIMIT 1`);
  if (!rows[0]) throw new Error('The database has no orders.');
  return rows[0];
}

/** The query string of a documented query with existing values. */
export const withSamples = ({ query }: DocumentedQuery, samples: Samples): string =>
  query.replace(/<(\w+)>/g, (_, name: keyof Samples) => samples[name]);

/** Longer than the limit of a search, so that a slow statement is reported with its time. */
const EXPLAIN_TIMEOUT_MS = 60_000;

/**
 * Executes a search as the REST API does, and explains each of its statements, including the one that loads the items.
 *
 * @param sql a connection to the same database
 * @param selectivity for a small database, in which the bounds of the REST API would cover every search
 */
export async function explainSearch(
  database: OrdersClient,
  sql: Client,
  documented: DocumentedQuery,
  samples: Samples,
  selectivity?: Selectivity,
): Promise<{ statements: ExplainedStatement[]; rows: number }> {
  const { searchable, load } = documented;
  const search = readSearch(searchQuery(searchable).parse({ ...parse(withSamples(documented, samples)) }), searchable);
  const executed: Sql[] = [];
  const extended = database.$extends({
    query: {
      $queryRaw: ({ args, query }) => {
        executed.push(args);
        return query(args);
      },
    },
  });
  const recording = extended as unknown as OrdersClient;
  const { rows } = await readPage(recording, searchable, search, selectivity);
  await load(
    recording,
    rows.map(({ id }) => id),
  );
  const statements: ExplainedStatement[] = [];
  for (const { text, values } of executed) {
    if (!text.includes('EXPLAIN')) statements.push(await explain(sql, text, values));
  }
  return { statements, rows: rows.length };
}

async function explain(sql: Client, text: string, values: unknown[]): Promise<ExplainedStatement> {
  const limit = limitSearch(EXPLAIN_TIMEOUT_MS);
  await sql.query('BEGIN');
  await sql.query(limit.text, limit.values);
  const { rows } = await sql
    .query<{ 'QUERY PLAN': [{ Plan: PlanNode; 'Execution Time': number }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`,
      values,
    )
    .finally(() => void sql.query('ROLLBACK'));
  const [{ Plan: plan, 'Execution Time': databaseMs }] = rows[0]!['QUERY PLAN'];
  const nodes = nodesOf(plan);
  return {
    isCount: text.endsWith(') counted'), // the statement that also reads the ids of the matches belongs to the page
    databaseMs,
    indexes: distinct(nodes.map((node) => node['Index Name'])),
    scanned: distinct(nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'])),
  };
}

const distinct = (names: (string | undefined)[]): string[] => [...new Set(names.filter((name) => name !== undefined))];

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
