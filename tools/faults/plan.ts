import { Random } from './random';

/** What is done to the system; `instance` is 1 or 2, of the two that each service has. */
export type Fault =
  | { kind: 'kill orders' | 'kill payments' | 'stop orders' | 'stop payments'; instance: number }
  | { kind: 'pause orders' | 'pause payments'; instance: number; ms: number }
  | { kind: 'kill broker' | 'stop broker' | 'pause broker' | 'block broker'; ms: number }
  | { kind: 'kill database' | 'stop database' | 'fill disk'; ms: number }
  | { kind: 'kill Temporal' | 'stop Temporal' | 'pause Temporal'; ms: number }
  | { kind: 'lose Temporal’s store' }
  | { kind: 'terminate sagas'; count: number }
  | { kind: 'repeat messages' | 'reorder messages'; count: number }
  | { kind: 'send nonsense'; count: number }
  | { kind: 'outlast patience'; ms: number };

export interface PlannedFault {
  /** It happens when so many orders have been asked for. */
  afterOrders: number;
  fault: Fault;
}

const kinds: ((random: Random) => Fault)[] = [
  (random) => ({ kind: 'kill orders', instance: random.between(1, 2) }),
  (random) => ({ kind: 'kill payments', instance: random.between(1, 2) }),
  (random) => ({ kind: 'stop orders', instance: random.between(1, 2) }),
  (random) => ({ kind: 'stop payments', instance: random.between(1, 2) }),
  (random) => ({ kind: 'pause orders', instance: random.between(1, 2), ms: random.between(1_000, 5_000) }),
  (random) => ({ kind: 'pause payments', instance: random.between(1, 2), ms: random.between(1_000, 5_000) }),
  (random) => ({ kind: 'kill broker', ms: random.between(0, 3_000) }),
  (random) => ({ kind: 'stop broker', ms: random.between(0, 3_000) }),
  (random) => ({ kind: 'pause broker', ms: random.between(1_000, 5_000) }),
  (random) => ({ kind: 'block broker', ms: random.between(1_000, 5_000) }),
  (random) => ({ kind: 'kill database', ms: random.between(0, 3_000) }),
  (random) => ({ kind: 'stop database', ms: random.between(0, 3_000) }),
  (random) => ({ kind: 'fill disk', ms: random.between(1_000, 5_000) }),
  (random) => ({ kind: 'kill Temporal', ms: random.between(0, 3_000) }),
  (random) => ({ kind: 'stop Temporal', ms: random.between(0, 3_000) }),
  (random) => ({ kind: 'pause Temporal', ms: random.between(1_000, 5_000) }),
  () => ({ kind: 'lose Temporal’s store' }),
  (random) => ({ kind: 'terminate sagas', count: random.between(5, 30) }),
  (random) => ({ kind: 'repeat messages', count: random.between(10, 60) }),
  (random) => ({ kind: 'reorder messages', count: random.between(10, 60) }),
  (random) => ({ kind: 'send nonsense', count: random.between(1, 5) }),
];

/**
 * All kinds of faults once and some of them again, in an order and at moments that the seed determines; then, as it
 * takes long, once that no payment is made until sagas give up.
 */
export function planOf(seed: number, orders: number): PlannedFault[] {
  const random = new Random(seed);
  const again = random.shuffled(kinds).slice(0, 5);
  const faults = random.shuffled([...kinds, ...again]).map((make) => make(random));
  // Between them the load goes on, and some of it is left for the last.
  const distance = (orders * 0.9) / faults.length;
  const plan = faults.map((fault, index) => ({
    afterOrders: Math.round(distance * (index + random.next() * 0.8)),
    fault,
  }));
  return [...plan, { afterOrders: Math.round(orders * 0.9), fault: { kind: 'outlast patience', ms: 3_000 } }];
}
