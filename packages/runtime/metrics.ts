import pTimeout from 'p-timeout';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics that `/metrics` returns: of the process, and of its requests, messages, reads and sagas. */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });

const registers = [registry];

/** The duration of HTTP requests. The label `route` is the pattern in the code, so that ids do not create series. */
export const requestSeconds = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Duration of HTTP requests, in seconds.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers,
});

const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Returns the label of a method. Node accepts 34 of them; those that no operation has would each create series. */
export const methodLabel = (method: string): string => (KNOWN_METHODS.has(method) ? method : 'other');

/** Connections that the service closed because of what their clients did, by reason; see `Connections`. */
export const connectionsCut = new Counter({
  name: 'http_connections_cut_total',
  help: 'HTTP connections that the service closed, or did not accept, to protect itself.',
  labelNames: ['reason'],
  registers,
});

/** Consumed messages by outcome; see `Consumer` for its own outcomes, and each queue's handler for the others. */
export const messages = new Counter({
  name: 'messages_total',
  help: 'Messages consumed from a queue, by outcome.',
  labelNames: ['queue', 'outcome'],
  registers,
});

/** Reads by the database server that answered: `primary`, or the host and port of a secondary. */
export const readsAnswered = new Counter({
  name: 'reads_total',
  help: 'Reads of orders and products, by the database server that answered.',
  labelNames: ['from'],
  registers,
});

/** Sagas started for new orders (`new`), and for orders whose saga was missing (`resumed`). */
export const sagasStarted = new Counter({
  name: 'sagas_started_total',
  help: 'Sagas started, for a new order or again for one whose saga was missing.',
  labelNames: ['how'],
  registers,
});

const READ_TIMEOUT_MS = 2_000; // RabbitMQ does not answer on a connection whose publishers it blocks

/**
 * Registers a gauge whose values are read at each scrape. A scrape leaves the gauge out if `read` fails or takes longer
 * than 2 seconds, as it does while the source is unavailable.
 *
 * @param label the name of the gauge's only label
 * @param read returns the value for each value of the label
 */
export function registerGauge(
  name: string,
  help: string,
  label: string,
  read: () => Promise<Record<string, number>>,
): void {
  registry.registerMetric(
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [],
      async collect() {
        this.reset();
        const values = await pTimeout(read(), { milliseconds: READ_TIMEOUT_MS }).catch(() => ({}));
        for (const [key, value] of Object.entries(values)) this.set({ [label]: key }, value);
      },
    }),
  );
}
