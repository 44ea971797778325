import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { orderWorkflowId } from '@shop/workflows/contract';
import { Client, Connection } from '@temporalio/client';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { eventually } from '../eventually';
import { ServiceProcess } from '../service-process';
import { treeOf, type Span } from './span';
import { TraceCollector } from './trace-collector';
import { LEFT_OUT, TracedShop, TREES, type Order } from './traced-shop';

const JAEGER = 'http://localhost:16686';
const chromium = findChromium();
const testInBrowser = chromium !== null || process.env['CI'] ? test : test.skip;

let collector: TraceCollector;
let shop: TracedShop;
let connection: Connection;

beforeAll(async () => {
  collector = await TraceCollector.start();
  shop = await TracedShop.start('tracing', collector.url, {
    TRACE_UI_URL: JAEGER,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=shop',
  });
  connection = await Connection.connect({ address: shop.temporal.address });
});

afterAll(async () => {
  await connection?.close();
  await shop?.stop();
  await ServiceProcess.endAll();
  collector?.stop();
});

/** Returns the spans of the trace that contains the saga of an order. */
function traceOf({ orderId }: Order): Span[] {
  const workflowId = orderWorkflowId(orderId);
  const saga = collector.spans.find(
    ({ name, attributes }) => name === 'RunWorkflow:placeOrder' && attributes['temporalWorkflowId'] === workflowId,
  );
  return collector.spans.filter(({ traceId }) => traceId === saga?.traceId);
}

/** Returns the log lines of both services about an order. */
const logOf = ({ orderId }: Order): { msg: string; trace_id?: string }[] =>
  [shop.orders, shop.payments]
    .flatMap(({ output }) => output.split('\n'))
    .filter((line) => line.includes(`"orderId":"${orderId}"`))
    .map((line) => JSON.parse(line) as { msg: string; trace_id?: string });

async function memoOf({ orderId }: Order): Promise<Record<string, unknown> | undefined> {
  const client = new Client({ connection, namespace: shop.temporal.namespace });
  return (await client.workflow.getHandle(orderWorkflowId(orderId)).describe()).memo;
}

describe('with the address of a collector', () => {
  test.each(['shipped', 'declined', 'refunded'] as const)(
    'one trace contains a %s order over both services',
    async (how) => {
      const order = await shop.placeOne(how);
      await eventually(() => expect(treeOf(traceOf(order), LEFT_OUT)).toEqual(TREES[how]));
    },
  );

  test('statements are spans with their text and without their parameters', async () => {
    const order = await shop.placeOne('shipped');
    await eventually(() => expect(treeOf(traceOf(order), LEFT_OUT)).toEqual(TREES.shipped));

    const texts = traceOf(order).flatMap(({ attributes }) => attributes['db.query.text'] ?? []);
    expect(texts.join('\n')).toMatch(/INSERT INTO payments[\s\S]*\$1/);
    expect(texts.join('\n')).not.toContain(order.orderId);
  });

  test('requests of the API begin traces, and sagas that the sweeper resumes; no poll, probe or health check does', () => {
    const roots = collector.spans.filter(({ parentId }) => parentId === '').map(({ name }) => name);
    expect(roots.length).toBeGreaterThan(0);
    expect(roots.filter((name) => !/^((GET|POST) \/orderManagement\/|(Start|Signal)Workflow:)/.test(name))).toEqual([]);
  });

  test('the log lines of both services about an order have the id of its trace', async () => {
    const order = await shop.placeOne('shipped');
    await eventually(() => expect(traceOf(order)).not.toEqual([]));

    const lines = logOf(order);
    expect(lines.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['order accepted', 'saga started', 'payment taken', 'order shipped']),
    );
    const ids = new Set(lines.map(({ trace_id }) => trace_id));
    expect([...ids]).toEqual([traceOf(order)[0]?.traceId]);
  });

  test('the memo of a saga contains the address of its trace', async () => {
    const order = await shop.placeOne('shipped');
    await eventually(() => expect(traceOf(order)).not.toEqual([]));

    expect(await memoOf(order)).toMatchObject({ trace: `${JAEGER}/trace/${traceOf(order)[0]?.traceId}` });
  });

  testInBrowser(
    'the page of an order in the console links to its trace, and to none if the order has none',
    async () => {
      const traced = await shop.placeOne('shipped');
      const untraced = await shop.placeWithin(`00-${randomBytes(16).toString('hex')}-00f067aa0ba902b7-00`);
      await eventually(() => expect(traceOf(traced)).not.toEqual([]));
      const browser = await startChromium(chromium);
      try {
        const page = await browser.newPage();
        const links = page.getByRole('link', { name: 'Its trace' });
        const open = async ({ orderId }: Order): Promise<string | undefined> => {
          const response = await page.goto(`${shop.orders.url}/orders/${orderId}`);
          await page.getByText('completed').waitFor(); // what Temporal knows about the saga
          return response?.headers()['content-security-policy'];
        };

        const policy = await open(traced);
        expect(await links.getAttribute('href')).toBe(`${JAEGER}/trace/${traceOf(traced)[0]?.traceId}`);
        expect(await links.getAttribute('rel')).toBe('noreferrer');
        expect(policy).not.toContain(new URL(JAEGER).host); // a link needs no permission
        await open(untraced);
        expect(await links.count()).toBe(0);
      } finally {
        await browser.close();
      }
    },
  );

  test("a client's trace is continued if it is sampled, and nothing is recorded of one that is not", async () => {
    const [sampled, unsampled] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    const notRecorded = await shop.placeWithin(`00-${unsampled}-00f067aa0ba902b7-00`);
    const recorded = await shop.placeWithin(`00-${sampled}-00f067aa0ba902b7-01`);

    await eventually(() => expect(traceOf(recorded).map(({ name }) => name)).toContain('publish PaymentStat'));
    expect(traceOf(recorded)[0]?.traceId).toBe(sampled);
    expect(collector.spans.filter(({ traceId }) => traceId === unsampled)).toEqual([]);
    expect(traceOf(notRecorded)).toEqual([]);
    expect(await memoOf(notRecorded)).not.toHaveProperty('trace');
    expect(new Set(logOf(notRecorded).map(({ trace_id }) => trace_id))).toEqual(new Set([unsampled]));
  });

  test('hostile headers and paths continue no trace, and no span contains what a client sends in them or in a body', async () => {
    const secrets = [
      'secret-name',
      'secret@example.com',
      'secret-token',
      'secret-state',
      'secret-baggage',
      'secret-query',
    ];
    const customer = { firstName: 'secret-name', lastName: 'Bo', email: 'secret@example.com' };
    const before = collector.spans.length;
    const hostile = [
      'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
      'x'.repeat(4_000),
    ];
    for (const traceparent of hostile) {
      const response = await fetch(`${shop.orders.url}/orderManagement/customer`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Authorization: 'Bearer secret-token',
          traceparent,
          tracestate: `secret-state=${'y'.repeat(4_000)}`,
          baggage: `secret-baggage=${'z'.repeat(4_000)}`,
        },
        body: JSON.stringify(customer),
      });
      expect([201, 409]).toContain(response.status);
    }
    await fetch(`${shop.orders.url}/orderManagement/${'p'.repeat(8_000)}?secret-query`);
    await eventually(() =>
      expect(collector.spans.slice(before).map(({ attributes }) => attributes['url.path'] ?? '')).toContainEqual(
        expect.stringMatching(/\/ppp/),
      ),
    );

    const spans = collector.spans.slice(before);
    expect(
      spans.filter(({ name }) => name === 'POST /orderManagement/customer').map(({ parentId }) => parentId),
    ).toEqual(hostile.map(() => ''));
    const values = collector.spans.flatMap(({ name, attributes }) => [name, ...Object.values(attributes)]);
    expect(values.filter((value) => secrets.some((secret) => value.includes(secret)))).toEqual([]);
    expect(Math.max(...values.map(({ length }) => length))).toBeLessThanOrEqual(2_000);
  });

  test('the headers of the settings are sent to the collector', () => {
    expect(collector.headers).toMatchObject({ 'x-tenant': 'shop', 'content-type': 'application/x-protobuf' });
  });
});
