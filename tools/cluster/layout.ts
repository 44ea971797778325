import { join } from 'node:path';
import { SERVICES, type ServiceName } from '@shop/dev/service-program';

/** The PostgreSQL servers; a switch-over changes which of them is the primary. */
export const POSTGRES_SERVERS = [1, 2, 3] as const;
export type PostgresServer = (typeof POSTGRES_SERVERS)[number];
export const INSTANCES = [1, 2, 3] as const;
export type Instance = (typeof INSTANCES)[number];

/** The data folder of a cluster, and the ports that its parts listen on. */
export interface Layout {
  folder: string;
  ports: {
    /** HAProxy: the REST API, and its statistics page. */
    orders: number;
    statistics: number;
    services: Record<ServiceName, Record<Instance, number>>;
    /** HAProxy: PostgreSQL by role. */
    primary: number;
    secondaries: readonly [number, number];
    /** PostgreSQL by server. */
    postgres: Record<PostgresServer, number>;
    amqp: number;
    amqpMapper: number;
    temporal: number;
    /** Ports of Temporal's own services, for each other. */
    temporalParts: readonly [number, number, number, number, number, number, number, number];
    temporalUi: number;
  };
}

/** The number of ports in the range of a cluster; not all are used. */
export const PORT_COUNT = 60;

/** @param first the first port of the range: the REST API's */
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

/** Returns the ports of each server, by the name under which the server is started. */
export function portsByServer({ ports }: Layout): Map<string, number[]> {
  return new Map([
    ['haproxy', [ports.orders, ports.statistics, ports.primary, ...ports.secondaries]],
    ...SERVICES.flatMap((service) =>
      INSTANCES.map((instance): [string, number[]] => [`${service}-${instance}`, [ports.services[service][instance]]]),
    ),
    ...POSTGRES_SERVERS.map((server): [string, number[]] => [`postgres-${server}`, [ports.postgres[server]]]),
    ['epmd', [ports.amqpMapper]],
    ['rabbitmq', [ports.amqp]],
    ['temporal', [ports.temporal, ...ports.temporalParts]],
    ['temporal-ui', [ports.temporalUi]],
  ]);
}

/** Returns the path of a configuration file in `deploy/`. */
export const configurationFile = (name: string): string =>
  join(require.resolve('@shop/cluster/package.json'), '..', '..', '..', 'deploy', name);
