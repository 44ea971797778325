import * as fc from 'fast-check';
import { SERVERS, type Server } from './gateways';
import { UNREACHABLE_ERRORS, type UnreachableError } from './own-network';
import { between, sample, shuffled, someOf } from './sampling';

/** A fault of the system; `instance` is 1 or 2, since the test runs two instances of each service. */
export type Fault =
  | { kind: 'kill order service' | 'kill payment service'; instance: number }
  | { kind: 'stop order service' | 'stop payment service'; instance: number }
  | { kind: 'pause order service' | 'pause payment service'; instance: number; ms: number }
  | { kind: 'kill broker' | 'stop broker' | 'pause broker' | 'block publishers'; ms: number }
  | { kind: 'kill database' | 'stop database' | 'fill disk'; ms: number }
  | { kind: 'kill Temporal' | 'stop Temporal' | 'pause Temporal'; ms: number }
  | { kind: "delete Temporal's store" }
  | { kind: `${Server} unreachable`; error: UnreachableError; ms: number }
  | { kind: `${Server} certificate untrusted`; ms: number }
  | { kind: 'change isolation level'; level: (typeof ISOLATION_LEVELS)[number]; ms: number }
  | { kind: 'shorten timeouts'; lockMs: number; statementMs: number; idleMs: number; ms: number }
  | { kind: 'terminate sagas'; count: number }
  | { kind: 'repeat messages'; count: number }
  | { kind: 'publish invalid messages'; count: number }
  | { kind: 'publish hostile messages'; count: number }
  | { kind: 'send hostile signals'; count: number }
  | { kind: 'reorder messages'; count: number; seed: number }
  | { kind: 'stop payment services until sagas give up'; ms: number };

export interface PlannedFault {
  /** The fault happens when the clients have placed this number of orders. */
  afterOrders: number;
  fault: Fault;
}

const instance = between(1, 2);
const outageMs = between(0, 3_000);
const pauseMs = between(1_000, 5_000);
const kind = <K extends Fault['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);

const ISOLATION_LEVELS = ['repeatable read', 'serializable'] as const;
const FAULTS: fc.Arbitrary<Fault>[] = [
  fc.record({ kind: kind('kill order service'), instance }),
  fc.record({ kind: kind('kill payment service'), instance }),
  fc.record({ kind: kind('stop order service'), instance }),
  fc.record({ kind: kind('stop payment service'), instance }),
  fc.record({ kind: kind('pause order service'), instance, ms: pauseMs }),
  fc.record({ kind: kind('pause payment service'), instance, ms: pauseMs }),
  fc.record({ kind: kind('kill broker'), ms: outageMs }),
  fc.record({ kind: kind('stop broker'), ms: outageMs }),
  fc.record({ kind: kind('pause broker'), ms: pauseMs }),
  fc.record({ kind: kind('block publishers'), ms: pauseMs }),
  fc.record({ kind: kind('kill database'), ms: outageMs }),
  fc.record({ kind: kind('stop database'), ms: outageMs }),
  fc.record({ kind: kind('fill disk'), ms: pauseMs }),
  fc.record({ kind: kind('kill Temporal'), ms: outageMs }),
  fc.record({ kind: kind('stop Temporal'), ms: outageMs }),
  fc.record({ kind: kind('pause Temporal'), ms: pauseMs }),
  fc.record({ kind: kind("delete Temporal's store") }),
  fc.record({ kind: kind('terminate sagas'), count: between(5, 30) }),
  fc.record({ kind: kind('repeat messages'), count: between(10, 60) }),
  fc.record({ kind: kind('reorder messages'), count: between(10, 60), seed: fc.nat() }),
  fc.record({ kind: kind('publish invalid messages'), count: between(1, 5) }),
  fc.record({ kind: kind('publish hostile messages'), count: between(1, 5) }),
  fc.record({ kind: kind('send hostile signals'), count: between(5, 30) }),
  fc.record({
    kind: kind('change isolation level'),
    level: fc.constantFrom(...ISOLATION_LEVELS),
    ms: pauseMs,
  }),
  fc.record({
    kind: kind('shorten timeouts'),
    lockMs: between(1, 50),
    statementMs: between(20, 100),
    idleMs: between(5, 200),
    ms: pauseMs,
  }),
  ...SERVERS.flatMap((server): fc.Arbitrary<Fault>[] => [
    fc.record({ kind: kind(`${server} unreachable`), error: fc.constantFrom(...UNREACHABLE_ERRORS), ms: outageMs }),
    fc.record({ kind: kind(`${server} certificate untrusted`), ms: outageMs }),
  ]),
];
const REPEATED_FAULTS = 5;
/** The part of the orders that is placed before the last fault. */
const ORDERS_BEFORE_LAST_FAULT = 0.9;

/**
 * Returns the plan of a seed: every kind of fault once and five of them twice, in random order, at random moments.
 *
 * The last fault is always the one that prevents payments until sagas give up: it takes long, and needs orders in flight.
 */
export function planOf(seed: number, orders: number): PlannedFault[] {
  const distance = (orders * ORDERS_BEFORE_LAST_FAULT) / (FAULTS.length + REPEATED_FAULTS);
  const faults = someOf(FAULTS, REPEATED_FAULTS)
    .chain((repeated) => shuffled([...FAULTS, ...repeated]))
    // Each fault happens in a separate section of the load. The load continues for the rest of that section.
    .chain((inOrder) => fc.tuple(...inOrder.map((fault) => fc.record({ fault, moment: between(0, 80) }))));
  const [planned = []] = sample(faults, { seed, count: 1 });
  return [
    ...planned.map(({ fault, moment }, index) => ({
      afterOrders: Math.round(distance * (index + moment / 100)),
      fault,
    })),
    {
      afterOrders: Math.round(orders * ORDERS_BEFORE_LAST_FAULT),
      fault: { kind: 'stop payment services until sagas give up', ms: 3_000 },
    },
  ];
}
