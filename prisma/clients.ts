import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { connectionOf } from './connection';
import { PrismaClient as OrdersClient, type Prisma as OrdersPrisma } from './generated/orders/client';
import { PrismaClient as PaymentsClient } from './generated/payments/client';
import { retryConflicts } from './retry-conflicts';
import { STATEMENT_TIMEOUT_MS } from './session';
import { UNNAMED } from './sql';
import { traceStatement } from './trace-statement';

export type { OrdersClient, OrdersPrisma, PaymentsClient };

export interface PoolOptions {
  /** The maximum number of connections. A query that finds none free waits for one up to the connection timeout. */
  poolSize: number;
  /** How long a query waits for a connection, new or free. The default is 5 seconds. */
  connectTimeoutMs?: number;
  /** Receives the pool when it is created, at the first query. */
  onOpen?: (pool: PoolCounts) => void;
}

/** How many connections a pool has, how many of them no query uses, and how many queries wait for one. */
export type PoolCounts = Readonly<Pick<Pool, 'totalCount' | 'idleCount' | 'waitingCount'>>;

/** Creates a Prisma client for the tables of order-management. It connects at the first query. */
export const connectOrders = (url: string, options: PoolOptions): OrdersClient =>
  new OrdersClient({ adapter: createAdapter(url, 'order-management', options) });

/** Creates a Prisma client for the tables of payment-processing. It connects at the first query. */
export const connectPayments = (url: string, options: PoolOptions): PaymentsClient =>
  new PaymentsClient({ adapter: createAdapter(url, 'payment-processing', options) });

/** For a server that no longer responds; longer than the time after which PostgreSQL cancels the statement. */
const CLIENT_QUERY_TIMEOUT_MS = 10_000;

function createAdapter(
  url: string,
  applicationName: string,
  { poolSize, connectTimeoutMs, onOpen }: PoolOptions,
): PrismaPg {
  const { schema, pooled, database: _, ...config } = connectionOf(url, applicationName);
  return new RetryingPrismaPg(
    {
      ...config,
      max: poolSize,
      connectionTimeoutMillis: connectTimeoutMs ?? config.connectionTimeoutMillis,
      query_timeout: CLIENT_QUERY_TIMEOUT_MS,
      ...(!pooled && { statement_timeout: STATEMENT_TIMEOUT_MS }),
    },
    // PostgreSQL parses and plans a named statement only once per connection. This halves its CPU time per order, see
    // docs/decisions/0038-named-prepared-statements.md. PgBouncer would execute it on a connection that does not know it.
    { schema, ...(!pooled && { statementNameGenerator: ({ sql }) => statementName(sql) }) },
    onOpen,
  );
}

/** The empty name stands for no name. */
const statementName = (sql: string): string =>
  sql.startsWith(UNNAMED) ? '' : createHash('md5').update(sql).digest('hex');

/** Traces statements, and repeats single ones that conflict. A transaction must be repeated as a whole, by its caller. */
class RetryingPrismaPg extends PrismaPg {
  constructor(
    config: ConstructorParameters<typeof PrismaPg>[0],
    options: ConstructorParameters<typeof PrismaPg>[1],
    private readonly onOpen: PoolOptions['onOpen'],
  ) {
    super(config, options);
  }

  override async connect(): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect();
    this.onOpen?.(adapter.underlyingDriver());
    wrap(adapter, (sql, run) => traceStatement(sql, () => retryConflicts(run)));
    const startTransaction = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = async (isolationLevel) => {
      const transaction = await startTransaction(isolationLevel);
      wrap(transaction, traceStatement);
      return transaction;
    };
    return adapter;
  }
}

type Queryable = Pick<Awaited<ReturnType<PrismaPg['connect']>>, 'queryRaw' | 'executeRaw'>;

/** Runs each statement of a connection or a transaction by the given function. */
function wrap(queryable: Queryable, around: <T>(sql: string, run: () => Promise<T>) => Promise<T>): void {
  const queryRaw = queryable.queryRaw.bind(queryable);
  const executeRaw = queryable.executeRaw.bind(queryable);
  queryable.queryRaw = (query) => around(query.sql, () => queryRaw(query));
  queryable.executeRaw = (query) => around(query.sql, () => executeRaw(query));
}
