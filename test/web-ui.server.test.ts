import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { orderWorkflowId } from '@shop/workflows/contract';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { eventually } from './eventually';
import { createDatabase, createNamespace, testServers, virtualHostUrl } from './servers';
import { ServiceProcess } from './service-process';
import { temporaryFolder } from './temporary-folder';

// What Temporal's Web UI shows of an order. `SCREENSHOTS=write` stores the screenshots that the documents contain.
const KEEP_IMAGES = process.env['SCREENSHOTS'] === 'write';
const IMAGES = KEEP_IMAGES ? join(__dirname, '..', 'docs', 'images') : temporaryFolder('screenshots');

interface Order {
  orderId: string;
}

let database: Awaited<ReturnType<typeof createDatabase>>;
let workflowsUrl: string;
let orders: ServiceProcess;
let payments: ServiceProcess;
let productId: string;
let browser: Browser;
let context: BrowserContext;

async function start(): Promise<void> {
  database = await createDatabase('web-ui');
  const { address, namespace } = await createNamespace('web-ui');
  workflowsUrl = `${testServers().temporalUiUrl}/namespaces/${namespace}/workflows`;
  const shared = { AMQP_URL: virtualHostUrl('web-ui'), TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  orders = await ServiceProcess.start('order-management', { ...shared, DATABASE_URL: database.url });
  payments = await ServiceProcess.start('payment-processing', {
    ...shared,
    DATABASE_URL: `${database.url}?schema=payments`,
  });
  const product = { name: 'Mug', price: 45, quantityAvailable: 1_000, productType: 'Kitchen' };
  ({ productId } = await orders.request<{ productId: string }>('POST', '/product', product));
  await becomes(await place(1), 'shipped'); // the first order of a new process is slower than the following ones
  mkdirSync(IMAGES, { recursive: true });
  browser = await startChromium(chromium);
  context = await browser.newContext({ viewport: { width: 1400, height: 900 }, timezoneId: 'UTC', locale: 'en-US' });
}

async function stop(): Promise<void> {
  await browser?.close();
  await ServiceProcess.endAll();
  await database.drop();
  if (!KEEP_IMAGES) rmSync(IMAGES, { recursive: true });
}

const place = (orderedQuantity: number): Promise<Order> =>
  orders.request('POST', '/order', {
    customerId: PREDEFINED_CUSTOMER.customerId,
    products: [{ productId, orderedQuantity }],
  });

const becomes = ({ orderId }: Order, orderStatus: string): Promise<void> =>
  eventually(async () => {
    expect(await orders.request('GET', `/order/${orderId}`)).toMatchObject({ orderStatus });
  });

/** Places an order while the payment service is suspended, and waits until its saga waits for the payment answer. */
async function placeWaiting(): Promise<Order> {
  payments.send('SIGSTOP');
  const order = await place(2);
  const page = await open(orderWorkflowId(order.orderId));
  await showsInTimeline(page, WAIT);
  await page.close();
  return order;
}

async function placeShipped(): Promise<Order> {
  const order = await placeWaiting();
  payments.send('SIGCONT');
  await becomes(order, 'shipped');
  return order;
}

async function placeDeclined(): Promise<Order> {
  const order = await place(23); // $1035 exceeds the limit of $1000
  await becomes(order, 'cancelled');
  return order;
}

async function placeCancelled(): Promise<Order> {
  const order = await placeWaiting();
  const { status } = await fetch(`${orders.url}/orderManagement/order/${order.orderId}/cancel`, { method: 'POST' });
  expect(status).toBe(202);
  await becomes(order, 'cancelled');
  return order;
}

async function open(path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${workflowsUrl}/${path}`);
  return page;
}

const showsInTimeline = (page: Page, label: string): Promise<void> =>
  page.locator('svg text', { hasText: label }).first().waitFor();

/** What a page must show of an order: the labels of the timeline, summaries of events, and the current details. */
interface Shown {
  status: 'Completed' | 'Running';
  timeline: string[];
  summaries: string[];
  details: string[];
}

const REQUEST = 'Request $90.00 over RabbitMQ, attempt 1 of 3';
const WAIT = 'Wait for the payment answer, attempt 1 of 3';

const chromium = findChromium();
const describeInBrowser = chromium !== null || process.env['CI'] ? describe : describe.skip;

describeInBrowser(`the Web UI${chromium === null ? ' (skipped: Chromium is not installed)' : ''}`, () => {
  beforeAll(start);
  afterAll(stop);

  test.each<[string, () => Promise<Order>, Shown]>([
    [
      'shipped',
      placeShipped,
      {
        status: 'Completed',
        timeline: ['requestPayment', WAIT, 'paymentSettled', 'shipOrder'],
        summaries: [REQUEST, WAIT, 'Ship the order, paid by payment'],
        details: ['Payment requested', 'Payment answered', 'Order shipped'],
      },
    ],
    [
      'declined',
      placeDeclined,
      {
        status: 'Completed',
        timeline: ['requestPayment', 'cancelOrder'],
        summaries: ['Request $1035.00 over RabbitMQ', 'Cancel the order and release its stock: payment-declined'],
        details: ['Payment answered', 'Order cancelled', 'total amount over $1000'],
      },
    ],
    [
      'cancelled',
      placeCancelled,
      {
        status: 'Completed',
        timeline: ['requestPayment', WAIT, 'cancel', 'cancelOrder'],
        summaries: [REQUEST, WAIT, 'Cancel the order and release its stock: customer-cancelled'],
        details: ['Payment requested', 'Order cancelled', 'customer-cancelled'],
      },
    ],
    [
      'waiting',
      placeWaiting,
      {
        status: 'Running',
        timeline: ['requestPayment', WAIT],
        summaries: [REQUEST, WAIT],
        details: ['Payment requested'],
      },
    ],
  ])('shows the steps of a %s order', async (name, order, { status, timeline, summaries, details }) => {
    const workflowId = orderWorkflowId((await order()).orderId);

    const history = await open(workflowId);
    await history.getByText(status, { exact: true }).first().waitFor();
    for (const label of timeline) await showsInTimeline(history, label);
    await history.screenshot({ path: join(IMAGES, `saga-${name}.png`) });

    await history.getByText('User Metadata').click();
    for (const summary of summaries) await history.getByText(summary).first().waitFor();
    const currentDetails = history.frameLocator('iframe').last();
    for (const text of details) await currentDetails.getByText(text).first().waitFor();
    await history.close();
    payments.send('SIGCONT');
  });
});
