import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { orderWorkflowId } from '@shop/workflows/contract';
import { Client, Connection } from '@temporalio/client';
import { eventually } from '../eventually';
import { ServiceProcess } from '../service-process';
import { treeOf, type Span } from './span';
import { TraceCollector } from './trace-collector';
import { LEFT_OUT, TracedShop, TREES, type Order } from './traced-shop';

const JAEGER = 'http://localhost:16686';

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

  test('the headers of the settings are sent to the collector', () => {
    expect(collector.headers).toMatchObject({ 'x-tenant': 'shop', 'content-type': 'application/x-protobuf' });
  });
});
