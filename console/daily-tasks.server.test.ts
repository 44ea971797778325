import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { failedExchange, parkedQueue, PAYMENT_STAT } from '@shop/amqp/topology';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { retireProduct } from '@shop/order-management/catalog/retire-product';
import type { Browser, Page } from 'playwright-core';
import { newPage, shows } from '../test/console-page';
import { ConsoleShop } from '../test/console-shop';
import { eventually } from '../test/eventually';

// Performs each of the daily tasks in docs/operations.md as a person does, and counts the clicks.

let shop: ConsoleShop;
let browser: Browser;
let mug: string;
let shipped: string;
let declined: string;

async function start(): Promise<void> {
  [shop, browser] = await Promise.all([ConsoleShop.start('console-tasks'), startChromium(chromium)]);
  await shop.queues.declare(PAYMENT_STAT);
  mug = await shop.aProduct('Mug');
  shipped = await shop.placeShipped(mug);
  declined = await shop.place(mug, 23); // $1035 exceeds the limit of $1000
  await shop.becomes(declined, 'cancelled');
}

async function stop(): Promise<void> {
  await browser?.close();
  await shop?.end();
}

/** Counts the presses of the mouse; clicks that the browser derives from Enter or from a label are none. */
const COUNT_CLICKS = `window.clicks = 0;
addEventListener('pointerdown', ({ isTrusted }) => { if (isTrusted) window.clicks++; }, { capture: true });`;

/** Opens the first page of the console. */
async function openFirstPage(): Promise<Page> {
  const page = await newPage(browser);
  await page.addInitScript(COUNT_CLICKS);
  await page.goto(shop.orders.url);
  await page.getByText(/^\d+ orders?$/).waitFor();
  return page;
}

const menu = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click();

const button = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

/** Presses the button that acts in the open dialog. */
const confirm = (page: Page, name: string): Promise<void> =>
  page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

/** Types a text into the field that has the focus, and presses Enter. */
async function enter(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

/** Types a text into the first field of a dialog, which has the focus when the dialog is open. */
async function enterInDialog(page: Page, text: string): Promise<void> {
  await page.getByRole('dialog').waitFor();
  await enter(page, text);
}

/** Types a text into the first field of the page, to which Tab leads. */
async function find(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Tab');
  await enter(page, text);
}

/** Chooses from a list: a click opens it, and another one, which a test cannot perform, selects the option. */
async function choose(page: Page, name: string, option: string): Promise<void> {
  const list = page.getByRole('combobox', { name, exact: true });
  await list.click();
  await page.keyboard.press('Escape');
  await list.selectOption(option);
  await page.evaluate('window.clicks++');
}

const openOrder = (page: Page, orderId: string): Promise<void> => page.locator(`a[href="/orders/${orderId}"]`).click();

/** Performs each task of the document on a page that it opens, and returns the page. */
const TASKS: Record<string, () => Promise<Page>> = {
  'Find an order by its id and see why it ended as it did': async () => {
    const page = await openFirstPage();
    await find(page, declined);
    await shows(page, 'total amount over $1000');
    return page;
  },
  'Find the orders of a customer by e-mail': async () => {
    const page = await openFirstPage();
    await find(page, PREDEFINED_CUSTOMER.email);
    await page.waitForURL(`**/orders?customer_id=${PREDEFINED_CUSTOMER.customerId}`);
    await page.locator(`a[href="/orders/${shipped}"]`).waitFor();
    return page;
  },
  'Find the orders with a product': async () => {
    const page = await openFirstPage();
    await find(page, 'Mu');
    await page.waitForURL('**/orders?filter=*');
    await page.locator(`a[href="/orders/${shipped}"]`).waitFor();
    return page;
  },
  "See today's declined orders, and save them": async () => {
    const page = await openFirstPage();
    await choose(page, 'Reason', 'payment-declined');
    await page.getByRole('link', { name: 'Placed today' }).click();
    await page.waitForURL(/cancellation_code=payment-declined&order_date/);
    await page.getByText('1 order', { exact: true }).waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Export as CSV')]);
    const rows = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n');
    expect(rows.slice(1)).toEqual([expect.stringContaining(declined)]);
    return page;
  },
  'Cancel an order': async () => {
    shop.payments.send('SIGSTOP');
    try {
      const orderId = await shop.place(mug, 1);
      const page = await openFirstPage();
      await openOrder(page, orderId);
      await button(page, 'Cancel the order');
      await confirm(page, 'Cancel the order');
      await shows(page, 'is being cancelled');
      return page;
    } finally {
      shop.payments.send('SIGCONT');
    }
  },
  'Refund an order by hand': async () => {
    const orderId = await shop.placeShipped(mug);
    const page = await openFirstPage();
    await openOrder(page, orderId);
    await button(page, 'Refund the payment');
    await enterInDialog(page, 'Damaged');
    await shows(page, 'is being refunded');
    await page.getByRole('list', { name: 'Timeline' }).getByText('Refunded', { exact: true }).waitFor();
    await shows(page, /Damaged/);
    return page;
  },
  'Place an order for a customer by telephone': async () => {
    const page = await openFirstPage();
    await menu(page, 'Place an order');
    await page.getByRole('radio').first().click();
    await page.getByLabel('Quantity of Mug').click();
    await enter(page, '2');
    await shows(page, 'The order is settled: shipped.');
    return page;
  },
  'Restock a product': async () => {
    await shop.aProduct('Bowl', 5);
    const page = await openFirstPage();
    await menu(page, 'Catalog');
    await button(page, 'Restock Bowl');
    await enterInDialog(page, '7');
    await shows(page, 'Bowl now has 12 units.');
    return page;
  },
  'Change a price': async () => {
    await shop.aProduct('Plate');
    const page = await openFirstPage();
    await menu(page, 'Catalog');
    await button(page, 'Reprice Plate');
    await enterInDialog(page, '12.5');
    await shows(page, 'Plate now costs $12.50.');
    return page;
  },
  'Stop selling a product': async () => {
    await shop.aProduct('Lamp');
    const page = await openFirstPage();
    await menu(page, 'Catalog');
    await button(page, 'Retire Lamp');
    await confirm(page, 'Retire');
    await shows(page, 'Lamp is no longer sold.');
    return page;
  },
  'Sell a retired product again': async () => {
    await retireProduct(shop.client, await shop.aProduct('Rug'));
    const page = await openFirstPage();
    await menu(page, 'Catalog');
    await choose(page, 'Show', 'Retired');
    await button(page, 'Sell again Rug');
    await confirm(page, 'Sell again');
    await shows(page, 'Rug is sold again.');
    return page;
  },
  'See whether anything waits for a person': async () => {
    const page = await openFirstPage();
    await menu(page, 'Attention');
    await shows(page, /orders wait to be settled/);
    await eventually(async () => expect(await page.locator('.loading').count()).toBe(0));
    const sections = await page.getByRole('heading', { level: 2 }).allInnerTexts();
    expect(sections).toEqual([
      'Backlog',
      'Parked messages of order-management',
      'Parked messages of payment-processing',
      'Refunds due',
      'Orders placed for too long',
      'Sagas that cannot progress',
      'Instances of order-management',
      'Instances of payment-processing',
    ]);
    expect(await page.getByRole('alert').count()).toBe(0);
    return page;
  },
  'Return all parked messages after a fix': async () => {
    const parking = { ...PAYMENT_STAT, exchange: failedExchange(PAYMENT_STAT), routingKey: parkedQueue(PAYMENT_STAT) };
    await shop.queues.send(parking, { orderId: declined, paymentId: randomUUID(), success: false });
    const page = await openFirstPage();
    await menu(page, 'Attention');
    await button(page, 'Retry all');
    await confirm(page, 'Retry');
    await shows(page, '1 message was returned to the queue.');
    return page;
  },
  'Discard one parked message': async () => {
    await shop.queues.send(PAYMENT_STAT, 'not json');
    const page = await openFirstPage();
    await menu(page, 'Attention');
    const parked = page.getByRole('region', { name: 'Parked messages of order-management', exact: true });
    await parked.getByRole('button', { name: /^Discard message/ }).click();
    await confirm(page, 'Discard');
    await parked.getByText('1 message was discarded.').waitFor();
    return page;
  },
  'See whether all instances run the same build': async () => {
    const page = await openFirstPage();
    await menu(page, 'Attention');
    for (const service of ['order-management', 'payment-processing']) {
      const instances = page.getByRole('region', { name: `Instances of ${service}` });
      await instances.getByRole('columnheader', { name: 'Build' }).waitFor();
      await instances.getByRole('row').nth(1).waitFor();
    }
    return page;
  },
  'See how fast orders were settled this week': async () => {
    const page = await openFirstPage();
    await menu(page, 'Today');
    await page.getByRole('link', { name: 'Last 7 days' }).click();
    await page.waitForURL('**/today?window=7d');
    await shows(page, '95 % settled within');
    return page;
  },
};

const chromium = findChromium();
const describeInBrowser = chromium !== null || process.env['CI'] ? describe : describe.skip;

const text = readFileSync(join(__dirname, '..', 'docs', 'operations.md'), 'utf8');
const [, table = ''] = /\n## Daily tasks\n(.*?)\n## /s.exec(text) ?? [];
/** The number of clicks of each task in the document. */
const documented = new Map(
  [...table.matchAll(/^\| ([^|]+?) +\| [^|]+ \| (\d+) +\|$/gm)].map(([, task = '', clicks]) => [task, Number(clicks)]),
);

test('every daily task of the document is performed here', () => {
  expect([...documented.keys()]).toEqual(Object.keys(TASKS));
});

describeInBrowser(`a daily task${chromium === null ? ' (skipped: Chromium is not installed)' : ''}`, () => {
  beforeAll(start);
  afterAll(stop);

  test.each(Object.entries(TASKS))('"%s" takes as many clicks as the document says', async (task, perform) => {
    const page = await perform();

    expect(await page.evaluate('window.clicks')).toBe(documented.get(task));
    await page.context().close();
  });
});
