import type { PoolCounts } from '@shop/prisma/clients';
import { Gauge } from 'prom-client';
import { registry } from './metrics';

const pools = new Map<string, PoolCounts>();

registry.registerMetric(
  new Gauge({
    name: 'database_pool_waiting',
    help: 'Queries that wait for a connection to a database server.',
    labelNames: ['pool'],
    registers: [],
    collect() {
      for (const [pool, { waitingCount }] of pools) this.set({ pool }, waitingCount);
    },
  }),
);

registry.registerMetric(
  new Gauge({
    name: 'database_pool_connections',
    help: 'Connections to a database server, by whether a query uses them.',
    labelNames: ['pool', 'state'],
    registers: [],
    collect() {
      for (const [pool, { totalCount, idleCount }] of pools) {
        this.set({ pool, state: 'idle' }, idleCount);
        this.set({ pool, state: 'busy' }, totalCount - idleCount);
      }
    },
  }),
);

/**
 * Returns a function that publishes the state of a connection pool.
 *
 * @param name `primary`, or the host and port of a secondary
 */
export const observePool =
  (name: string) =>
  (pool: PoolCounts): void =>
    void pools.set(name, pool);
