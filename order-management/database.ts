import { connectOrders } from '@shop/prisma/clients';
import { ReplicationProbe } from '@shop/prisma/replication';
import type { Part } from '@shop/runtime/lifecycle';
import type { Logger } from '@shop/runtime/log';
import { observePool } from '@shop/runtime/pool-metrics';
import type { Config } from './config';
import { ReadClient } from './reads/read-client';

/**
 * Creates the clients of the primary and the secondaries, and starts to monitor the secondaries. Waits for no server.
 *
 * @returns the clients, and the parts that must be stopped
 */
export function openDatabase(config: Config, log: Logger) {
  const poolSize = config.DATABASE_POOL_SIZE;
  const database = connectOrders(config.DATABASE_URL, { poolSize, onOpen: observePool('primary') });
  const primary = new ReplicationProbe(config.DATABASE_URL, 'primary');
  const reads = new ReadClient(database, {
    primary,
    secondaryUrls: config.DATABASE_READ_URLS,
    poolSize,
    maxLagMs: config.READ_MAX_LAG,
    waitMs: config.READ_WAIT,
    log,
  });
  reads.start();
  const parts: Part[] = [
    { name: 'database', stop: () => database.$disconnect() },
    { name: 'database probe', stop: () => primary.stop() },
    reads,
  ];
  return { database, primary, reads, parts };
}
