import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { OrdersClient } from '@shop/prisma/clients';
import { ApplicationFailure } from '@temporalio/common';
import { silentLog } from '../../test/silent-log';
import { createOrderActivities } from './activities';

/** Ships an order on a database that fails with an SQLSTATE, as Prisma's driver adapter reports it. */
const shipOn = (originalCode: string): Promise<unknown> => {
  const failure = Object.assign(new Error('failed'), { cause: { kind: 'postgres', originalCode } });
  const activities = createOrderActivities({
    database: { $queryRaw: () => Promise.reject(failure) } as unknown as OrdersClient,
    broker: null,
    handover: { request: async () => null },
    settlements: { publish: () => undefined },
    log: silentLog,
  });
  return activities.shipOrder(randomUUID(), randomUUID()).catch((error: unknown) => error);
};

test.each(['22021', '23502'])('an error in the data, SQLSTATE %s, is not retried', async (sqlState) => {
  expect(await shipOn(sqlState)).toMatchObject({ nonRetryable: true, type: 'DataError' });
});

test.each(['57P01', '40001', '08006', 'XX000'])('any other error, SQLSTATE %s, is retried', async (sqlState) => {
  expect(await shipOn(sqlState)).not.toBeInstanceOf(ApplicationFailure);
});
