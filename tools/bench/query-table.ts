import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { explainSearch, sampleRows, type ExplainedStatement } from '@shop/dev/explained-search';
import { seedOrders } from '@shop/dev/seeded-orders';
import { withDatabase } from '@shop/dev/with-database';
import { COUNT_LIMITS } from '@shop/order-management/search/count-matches';
import { DOCUMENTED_QUERIES } from '@shop/order-management/search/documented-queries';
import { SELECTIVITY } from '@shop/order-management/search/read-page';
import { connectOrders } from '@shop/prisma/clients';
import { connectionOf } from '@shop/prisma/connection';
import { integer, postgresUrl, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { runAsCommand } from './environment/run-as-command';
import { quantile } from './measurement/statistics';
import { markdownTable } from './report/report';

// Implements `make query-table`: measures the first page of each documented search in a database of its own, which it drops
// at the end, and writes docs/query-performance.md.
const { ORDERS, DATABASE_URL } = readOrExit(() =>
  readEnvironment(
    z.object({
      ORDERS: integer(1_000_000, 100, 10_000_000),
      DATABASE_URL: postgresUrl('postgresql://postgres:postgres@localhost:5432/Ecommerce', connectionOf),
    }),
  ),
);
const DATABASE = 'query_table';
const REPETITIONS = 5;
const LIMIT_MS = 50;
const LARGE_TABLES = ['orders', 'order_products'];

async function run(): Promise<boolean> {
  const url = urlOf(DATABASE);
  const drop = () =>
    withDatabase(urlOf('postgres'), (sql) => sql.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`));
  await drop();
  const database = connectOrders(url, { poolSize: 4 });
  try {
    const began = performance.now();
    const added = await seedOrders(url, { orders: ORDERS, seed: 1 });
    const seedSeconds = ((performance.now() - began) / 1_000).toFixed(0);
    return await withDatabase(url, async (sql) => {
      const samples = await sampleRows(sql);
      const rows: string[][] = [];
      const problems: string[] = [];
      for (const documented of DOCUMENTED_QUERIES) {
        const runs: ExplainedStatement[][] = [];
        let found = 0;
        for (let repetition = 0; repetition < REPETITIONS; repetition++) {
          const { statements, rows: count } = await explainSearch(database, sql, documented, samples);
          runs.push(statements);
          found = count;
        }
        const pageMs = quantile(
          runs.map((statements) => pageOf(statements).reduce((sum, { databaseMs }) => sum + databaseMs, 0)),
          0.5,
        );
        const plan = runs.at(-1)!;
        const scanned = plan.flatMap((statement) => statement.scanned).filter((table) => LARGE_TABLES.includes(table));
        const name = `${documented.path}?${documented.query}`;
        if (pageMs >= LIMIT_MS) problems.push(`${name} takes ${pageMs.toFixed(1)} ms.`);
        if (scanned.length > 0) problems.push(`${name} scans ${scanned.join(' and ')}.`);
        const indexes = [...new Set(pageOf(plan).flatMap((statement) => statement.indexes))];
        rows.push([
          `\`${name.replaceAll('|', '\\|')}\``,
          String(found),
          indexes.map((index) => `\`${index}\``).join(', '),
          pageMs.toFixed(1),
        ]);
        process.stderr.write(`${pageMs.toFixed(1).padStart(7)} ms  ${name}\n`);
      }
      const {
        rows: [server],
      } = await sql.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
      const seeded = `${added.orders.toLocaleString('en')} orders with ${added.lines.toLocaleString('en')} lines`;
      const document = [
        '# Query performance',
        `\`make query-table\` measures the first page of each search below and writes this page. It was measured on ` +
          `${new Date().toISOString().slice(0, 10)} with PostgreSQL ${server!.version} and ${seeded}, which ` +
          `\`make seed-orders\` creates in the same way; this took ${seedSeconds} s.`,
        `The time is the execution time that EXPLAIN (ANALYZE) reports for the statements of the page, the median of ` +
          `${REPETITIONS} runs. The statements are those that the REST API executes. The count of all matches runs beside ` +
          `the page, and is limited to ${COUNT_LIMITS.timeoutMs} ms. A search that matches at most ` +
          `${SELECTIVITY.maxRows.toLocaleString('en')} rows has two statements for the page: the first one finds the ` +
          `matches, the second one sorts them. The last statement loads the items of the page.`,
        markdownTable(['search', 'rows', 'indexes', 'ms'], rows),
        problems.length === 0
          ? `Each page takes less than ${LIMIT_MS} ms, and no search scans \`orders\` or \`order_products\`.`
          : problems.join('\n\n'),
      ].join('\n\n');
      writeFileSync(resolve('docs', 'query-performance.md'), `${document}\n`);
      process.stderr.write(problems.map((problem) => `${problem}\n`).join(''));
      return problems.length === 0;
    });
  } finally {
    await database.$disconnect();
    await drop();
  }
}

const pageOf = (statements: ExplainedStatement[]): ExplainedStatement[] => statements.filter(({ isCount }) => !isCount);

function urlOf(name: string): string {
  const url = new URL(DATABASE_URL);
  url.pathname = `/${name}`;
  return url.toString();
}

void runAsCommand(run);
