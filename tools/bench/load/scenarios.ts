import type { Load } from './load';
import type { Settings } from '../settings';

/** A load with a name, which is what the tables know it by. */
export interface Case {
  name: string;
  load: Load;
}

export const burstOver = (connections: number): string =>
  connections === 1 ? '1 connection' : `${connections} connections`;
export const pacedAt = (perSecond: number): string => `${perSecond} a second`;

export const CONNECTIONS = [1, 16, 64];
export const RATES = [20, 50, 100];

/** What every contestant goes through, in this order. */
export const casesOf = ({ BENCH_ORDERS, BENCH_SECONDS }: Settings): Case[] => [
  ...CONNECTIONS.map((connections): Case => ({
    name: burstOver(connections),
    load: { kind: 'burst', orders: BENCH_ORDERS, connections },
  })),
  ...RATES.map((perSecond): Case => ({
    name: pacedAt(perSecond),
    load: { kind: 'paced', perSecond, seconds: BENCH_SECONDS },
  })),
];
