import pTimeout from 'p-timeout';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { shareReads } from './share-reads';

/** The metrics that `/metrics` returns: of the process, and of its requests, messages, reads and sagas. */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });
// Gauges whose names end in `_total`, as only a counter's may. The same numbers are in the gauges without that suffix.
for (const kind of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${kind}_total`);

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

/** What was undone because an order was cancelled, or because a payment settles no order. */
export const compensations = createCounter(
  'compensations_total',
  'Compensations: stock released, refunds started, payments refunded.',
  ['kind'],
);

/**
 * Creates a counter.
 *
 * @param series the labels that are known in advance. Their values start at 0, so that `rate()` sees the first increase
 * @param collect sets the values before each scrape
 */
export function createCounter<Label extends string = never>(
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
  series: Record<Label, string>[] = [],
  collect?: (counter: Counter<Label>) => void,
): Counter<Label> {
  const counter: Counter<Label> = new Counter({
    name,
    help,
    labelNames,
    registers,
    ...(collect && { collect: () => collect(counter) }),
  });
  for (const labels of series) counter.inc(labels, 0);
  return counter;
}

/** Creates a histogram of durations in seconds. */
export const createHistogram = <Label extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly Label[] = [],
): Histogram<Label> => new Histogram({ name, help, buckets: [...buckets], labelNames, registers });

const texts: (() => Promise<string>)[] = [];

/** Adds metrics that are not in the registry to each scrape, as text in the format of Prometheus. */
export const addMetricsText = (read: () => Promise<string>): void => void texts.push(read);

/** Returns all metrics in the text format of Prometheus. Leaves out a text that cannot be read. */
export async function scrape(): Promise<string> {
  const reads = texts.map((read) => pTimeout(read(), { milliseconds: READ_TIMEOUT_MS }).catch(() => ''));
  return (await Promise.all([registry.metrics(), ...reads])).filter((text) => text !== '').join('\n') + '\n';
}

const READ_TIMEOUT_MS = 2_000; // RabbitMQ does not answer on a connection whose publishers it blocks

/**
 * Registers a gauge whose values are read at each scrape. A scrape leaves the gauge out if `read` fails or takes longer
 * than 2 seconds, as it does while the source is unavailable. While a read hangs, no other is started.
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
  addGauge({ name, help, labelNames: [label] }, read, (gauge, values) => {
    for (const [key, value] of Object.entries(values)) gauge.set({ [label]: key }, value);
  });
}

/** Registers a gauge that has no label. A scrape reads it, or leaves it out, in the same way. */
export function registerValue(name: string, help: string, read: () => Promise<number>): void {
  addGauge({ name, help, labelNames: [] }, read, (gauge, value) => gauge.set(value));
}

function addGauge<T>(
  configuration: { name: string; help: string; labelNames: string[] },
  read: () => Promise<T>,
  set: (gauge: Gauge, values: T) => void,
): void {
  const readOnce = shareReads(read);
  registry.registerMetric(
    new Gauge({
      ...configuration,
      registers: [],
      async collect() {
        const values = await pTimeout(readOnce(), { milliseconds: READ_TIMEOUT_MS }).catch(() => null);
        this.reset();
        if (values !== null) set(this, values);
        else if (configuration.labelNames.length === 0) this.remove(); // `reset` leaves a 0
      },
    }),
  );
}
