import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { connectionOf } from './connection';
import { PrismaClient as OrdersClient, type Prisma as OrdersPrisma } from './generated/orders/client';
import { PrismaClient as PaymentsClient } from './generated/payments/client';

export type { OrdersClient, OrdersPrisma, PaymentsClient };

export interface PoolOptions {
  /** Connections held at most; a request beyond them waits for one, then fails. */
  poolSize: number;
  /** How long a request waits for a connection; 5 seconds, where nothing is said. */
  connectTimeoutMs?: number;
}

/** A Prisma client of order-management's tables. Connects at the first query. */
export const connectOrders = (url: string, options: PoolOptions): OrdersClient =>
  new OrdersClient({ adapter: adapter(url, options) });

/** A Prisma client of payment-processing's tables. Connects at the first query. */
export const connectPayments = (url: string, options: PoolOptions): PaymentsClient =>
  new PaymentsClient({ adapter: adapter(url, options) });

// A server that has fallen silent is away, too. PostgreSQL itself gives up first, so that what was answered with "away"
// has not been done all the same.
const STATEMENT_TIMEOUT_MS = 8_000;
const ANSWER_TIMEOUT_MS = 10_000;

function adapter(url: string, { poolSize, connectTimeoutMs }: PoolOptions): PrismaPg {
  const { schema, database: _, ...config } = connectionOf(url);
  return new PrismaPg(
    {
      ...config,
      max: poolSize,
      connectionTimeoutMillis: connectTimeoutMs ?? config.connectionTimeoutMillis,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
    },
    // Named statements are planned once a connection: half as much again in throughput for the accept transaction.
    { schema, statementNameGenerator: ({ sql }) => createHash('md5').update(sql).digest('hex') },
  );
}
