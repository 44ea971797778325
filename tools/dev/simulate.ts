import { readOrExit } from '@shop/runtime/environment';
import { SetupError } from './setup-error';
import { Catalog } from './simulation/catalog';
import { ProgressLine } from './simulation/progress-line';
import { readSimulationSettings, type SimulationSettings } from './simulation/settings';
import { ShopClient } from './simulation/shop-client';
import { simulate } from './simulation/simulate';
import { Tally } from './simulation/tally';
import { whenAborted } from './simulation/when-aborted';

/** Implements `make simulate`: places orders at running services, and prints what becomes of them. */
const settings = readOrExit(readSimulationSettings);

async function run({ URL: url, SHOP_API_KEY: apiKey, ...load }: SimulationSettings): Promise<void> {
  const [stop, abort] = [new AbortController(), new AbortController()];
  const progress = new ProgressLine(process.stdout);
  const client = new ShopClient({ url, apiKey, print: progress.print });
  let tally: Tally | undefined;

  const interrupt = (): void => {
    // The first signal ends the placing of orders, the second one also the wait for those in flight.
    if (!tally || stop.signal.aborted) abort.abort();
    else if (tally.inFlight > 0)
      progress.print('Waiting up to 10 s for the orders in flight. Ctrl-C ends this at once.');
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);

  const work = async (): Promise<void> => {
    await client.connect();
    const catalog = await Catalog.prepare(client);
    progress.print(
      `Placing ${load.RATE} orders per second at ${url}, ${percent(load.DECLINED)} declined and ` +
        `${percent(load.CANCELLED)} cancelled.${load.FOR === 0 ? ' Ctrl-C ends this.' : ''}`,
    );
    const counts = (tally = new Tally());
    progress.start(() => counts.progressLine());
    await simulate(load, { client, catalog, tally, stop: stop.signal });
  };
  try {
    await Promise.race([work(), whenAborted(abort.signal)]);
  } finally {
    progress.stop();
    for (const line of tally?.summary() ?? []) progress.print(line);
  }
}

const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`;

// Exits although requests may still be waiting for their responses.
run(settings).then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof SetupError ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
