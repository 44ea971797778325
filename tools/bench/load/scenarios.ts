import type { Settings } from '../settings';
import type { Load } from './load';

/** A named load. */
export interface Scenario {
  name: string;
  load: Load;
}

export const CONNECTIONS = [1, 16, 64];
/** Orders per second. */
export const RATES = [20, 50, 100];

export const burstName = (connections: number): string =>
  connections === 1 ? '1 connection' : `${connections} connections`;
export const pacedName = (ordersPerSecond: number): string => `${ordersPerSecond} orders/s`;

/** Returns the scenarios of `make bench`, in the order in which each candidate runs them. */
export const scenariosFor = ({ BENCH_ORDERS, BENCH_SECONDS }: Settings): Scenario[] => [
  ...CONNECTIONS.map((connections): Scenario => ({
    name: burstName(connections),
    load: { kind: 'burst', orders: BENCH_ORDERS, connections },
  })),
  ...RATES.map((ordersPerSecond): Scenario => ({
    name: pacedName(ordersPerSecond),
    load: { kind: 'paced', ordersPerSecond, seconds: BENCH_SECONDS },
  })),
];
