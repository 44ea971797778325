import type { OrdersClient } from '@shop/prisma/clients';

/** A client of any database. */
export interface TransactionDatabase {
  $transaction<T>(
    run: (transaction: Pick<OrdersClient, '$executeRaw'>) => Promise<T>,
    limits: { maxWait: number; timeout: number },
  ): Promise<T>;
}

/** Waits for a connection, and then for the lock and the work; the statement that waits for the lock has its own limit. */
const LIMITS = { maxWait: 5_000, timeout: 120_000 };

/**
 * Returns a function that runs work while no other instance runs work of the same name: an advisory lock of the database,
 * which PostgreSQL releases if the instance ends.
 *
 * @throws the errors of the work, and those of the database
 */
export const runAlone =
  (database: TransactionDatabase, name: string) =>
  <T>(work: () => Promise<T>): Promise<T> =>
    database.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${name}))`;
      return work();
    }, LIMITS);
