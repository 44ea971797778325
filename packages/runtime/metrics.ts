import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What `/metrics` tells Prometheus: of the process, of its requests, messages and sagas. */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });

const registers = [registry];

/** How long requests took, by route as it is written in the code. */
export const requestSeconds = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'How long requests took.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers,
});

/** What became of messages; the outcomes of a queue's handler are its own words. */
export const messages = new Counter({
  name: 'messages_total',
  help: 'Messages taken off a queue, by what became of them.',
  labelNames: ['queue', 'outcome'],
  registers,
});

/** Reads, by the server that answered them: `primary`, or a secondary's host and port. */
export const readsAnswered = new Counter({
  name: 'reads_total',
  help: 'Reads of orders and products, by the database server that answered.',
  labelNames: ['from'],
  registers,
});

/** Sagas started for new orders, and those resumed for orders that had lost theirs. */
export const sagasStarted = new Counter({
  name: 'sagas_started_total',
  help: 'Sagas started: new, or resumed.',
  labelNames: ['how'],
  registers,
});

const LOOK_UP_WITHIN_MS = 2_000; // a broker that blocks publishers does not answer either

/**
 * A number that is looked up when it is asked for. What cannot be looked up soon, its owner being away, is left out.
 *
 * @param read the values, by the label
 */
export function lookedUp(name: string, help: string, label: string, read: () => Promise<Record<string, number>>): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [],
      async collect() {
        this.reset();
        const tooLate = delay(LOOK_UP_WITHIN_MS, {}, { ref: false });
        const values = await Promise.race([read(), tooLate]).catch(() => ({}));
        for (const [of, value] of Object.entries(values)) this.set({ [label]: of }, value);
      },
    }),
  );
}
