import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findJaeger, startJaeger, type Jaeger } from '@shop/dev/jaeger';
import { Servers } from '@shop/dev/servers';
import { orderWorkflowId } from '@shop/workflows/contract';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { eventually } from '../eventually';
import { ServiceProcess } from '../service-process';
import { temporaryFolder } from '../temporary-folder';
import { treeOf, type Span } from './span';
import { LEFT_OUT, TracedShop, TREES, type Order } from './traced-shop';

// What Jaeger shows of an order. `make test-tracing` runs this file; `SCREENSHOTS=write` stores the screenshot of the
// documentation. It is skipped otherwise, because a build of Jaeger takes minutes.
const describeWithJaeger = process.env['JAEGER'] === 'real' ? describe : describe.skip;
const KEEP_IMAGE = process.env['SCREENSHOTS'] === 'write';
const folder = temporaryFolder('jaeger');
const servers = new Servers(join(folder, 'logs'));

let jaeger: Jaeger;
let shop: TracedShop;

/** A trace as Jaeger's API returns it. */
interface JaegerTrace {
  spans: {
    traceID: string;
    spanID: string;
    operationName: string;
    references: { refType: string; spanID: string }[];
    processID: string;
    tags: { key: string; value: unknown }[];
  }[];
  processes: Record<string, { serviceName: string }>;
}

async function tracesOf({ orderId }: Order): Promise<Span[][]> {
  const tags = JSON.stringify({ temporalWorkflowId: orderWorkflowId(orderId) });
  const operation = 'RunWorkflow:placeOrder'; // a cancel request names the workflow, too, in a trace of its own
  const query = new URLSearchParams({ service: 'order-management', operation, tags, lookback: '1h', limit: '20' });
  const { data } = (await (await fetch(`${jaeger.url}/api/traces?${query}`)).json()) as { data: JaegerTrace[] };
  return data.map(({ spans, processes }) =>
    spans.map(({ traceID, spanID, operationName, references, processID, tags: given }) => ({
      traceId: traceID,
      spanId: spanID,
      parentId: references.find(({ refType }) => refType === 'CHILD_OF')?.spanID ?? '',
      service: processes[processID]?.serviceName ?? '',
      name: operationName,
      attributes: Object.fromEntries(given.map(({ key, value }) => [key, String(value)])),
      failed: given.some(({ key, value }) => key === 'error' && value === true),
    })),
  );
}

async function isPlaceholder(): Promise<boolean> {
  return (await (await fetch(jaeger.url)).text()).includes('placeholder');
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeWithJaeger('Jaeger', () => {
  beforeAll(async () => {
    const program = await findJaeger((line) => void process.stderr.write(`${line}\n`));
    jaeger = await startJaeger({ program, folder }, servers);
    shop = await TracedShop.start('jaeger', jaeger.collectorUrl);
  }, 30 * 60_000);

  afterAll(async () => {
    await shop?.stop();
    await ServiceProcess.endAll();
    await servers.stopAll();
  });

  test.each(['shipped', 'declined', 'refunded'] as const)(
    'shows one trace of a %s order over both services',
    async (how) => {
      const order = await shop.placeOne(how);

      await eventually(async () => {
        const traces = await tracesOf(order);
        expect(traces.map((spans) => treeOf(spans, LEFT_OUT))).toEqual([TREES[how]]);
      });
    },
  );

  test('has a page that shows the trace of an order', async () => {
    const order = await shop.placeOne('shipped');
    await eventually(async () => expect(treeOf((await tracesOf(order))[0] ?? [], LEFT_OUT)).toEqual(TREES.shipped));
    const [trace] = await tracesOf(order);
    if (await isPlaceholder()) {
      process.stderr.write('Jaeger was built without its page, which is therefore not tested.\n');
      return;
    }

    const browser = await startChromium(findChromium());
    try {
      const context = await browser.newContext({ viewport: { width: 1400, height: 800 }, timezoneId: 'UTC' });
      const page = await context.newPage();
      await page.goto(`${jaeger.url}/trace/${trace?.[0]?.traceId}`);
      for (const name of ['RunWorkflow:placeOrder', 'process processPayment', 'publish PaymentStat']) {
        await page.getByText(name).first().waitFor();
      }
      const images = KEEP_IMAGE ? join(__dirname, '..', '..', 'docs', 'images') : folder;
      mkdirSync(images, { recursive: true });
      await page.screenshot({ path: join(images, 'trace.png') });
    } finally {
      await browser.close();
    }
  });
});
