import { join } from 'node:path';
import type { ServiceName } from '@shop/dev/service-program';

/** The servers of PostgreSQL; which of them is the primary changes. */
export const POSTGRES_SERVERS = [1, 2, 3] as const;
export type PostgresServer = (typeof POSTGRES_SERVERS)[number];
export const INSTANCES = [1, 2, 3] as const;
export type Instance = (typeof INSTANCES)[number];

/** Where everything of a cluster listens, and where it keeps its data. */
export interface Layout {
  folder: string;
  ports: {
    /** The load balancer, and what it tells of itself. */
    orders: number;
    statistics: number;
    services: Record<ServiceName, Record<Instance, number>>;
    /** PostgreSQL by role, through the load balancer: the primary, and the two secondaries. */
    primary: number;
    secondaries: readonly [number, number];
    postgres: Record<PostgresServer, number>;
    amqp: number;
    amqpMapper: number;
    temporal: number;
    /** What Temporal's parts talk to each other on. */
    temporalParts: readonly [number, number, number, number, number, number, number, number];
    temporalUi: number;
  };
}

/** How many ports a cluster takes, from its first on. */
export const PORTS = 60;

/** @param first its first port; the load balancer's */
export const layoutOf = (folder: string, first: number): Layout => ({
  folder,
  ports: {
    orders: first,
    statistics: first + 9,
    services: {
      'order-management': { 1: first + 11, 2: first + 12, 3: first + 13 },
      'payment-processing': { 1: first + 21, 2: first + 22, 3: first + 23 },
    },
    primary: first + 30,
    secondaries: [first + 31, first + 32],
    postgres: { 1: first + 34, 2: first + 35, 3: first + 36 },
    amqp: first + 40,
    amqpMapper: first + 41,
    temporal: first + 50,
    temporalParts: [first + 51, first + 52, first + 53, first + 54, first + 55, first + 56, first + 57, first + 58],
    temporalUi: first + 59,
  },
});

/** A file of this folder, such as a server's settings. */
export const settingsFile = (name: string): string =>
  join(require.resolve('@shop/cluster/package.json'), '..', '..', '..', 'deploy', name);
