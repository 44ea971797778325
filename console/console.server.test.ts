import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import { findChromium, startChromium } from '@shop/dev/chromium';
import type { Browser, Locator, Page } from 'playwright-core';
import { AccessibilityReport } from '../test/axe';
import { callService } from '../test/call';
import { close, shows } from '../test/console-page';
import { ConsoleShop } from '../test/console-shop';
import { eventually } from '../test/eventually';
import { hide, reveal } from '../test/tab';
import { TcpProxy } from '../test/tcp-proxy';
import { temporaryFolder } from '../test/temporary-folder';

// Uses the console as a person does. `SCREENSHOTS=write` stores the screenshots that the documents contain.
const KEEP_IMAGES = process.env['SCREENSHOTS'] === 'write';
const IMAGES = KEEP_IMAGES ? join(__dirname, '..', 'docs', 'images') : temporaryFolder('console-screenshots');

/** The screenshots of the documents, by the name of the page and what it is shown on. */
const IN_DOCUMENTS = new Set(['orders-light', 'order-light', 'today-dark', 'attention-phone']);

async function screenshot(page: Page, name: string): Promise<void> {
  if (IN_DOCUMENTS.has(name)) await page.screenshot({ path: join(IMAGES, `console-${name}.png`) });
}

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** How each page is shown. */
const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: DESKTOP },
  { name: 'dark', colorScheme: 'dark', viewport: DESKTOP },
  { name: 'phone', colorScheme: 'light', viewport: PHONE },
  { name: 'dark-phone', colorScheme: 'dark', viewport: PHONE },
] as const;

let shop: ConsoleShop;
let browser: Browser;
let mug: string;
let shipped: string;
let declined: string;
const accessibility = new AccessibilityReport();
/** What `check-size.mjs` prints. */
let sizes: string;
/** Errors that the browser has reported, such as a file that the Content-Security-Policy refuses. */
const errors: string[] = [];
/** What a test has put between the browser and the service. */
const proxies: TcpProxy[] = [];

async function start(): Promise<void> {
  shop = await ConsoleShop.start('console');
  for (const route of [PAYMENT_STAT, PROCESS_PAYMENT]) await shop.queues.declare(route);
  browser = await startChromium(chromium);
  mkdirSync(IMAGES, { recursive: true });
  mug = await shop.aProduct('Mug');
  shipped = await shop.placeShipped(mug);
  await shop.placeShipped(mug);
  declined = await shop.place(mug, 23); // $1035 exceeds the limit of $1000
  await shop.becomes(declined, 'cancelled');
  await shop.queues.send(PAYMENT_STAT, 'not json');
  await shop.queues.send(PROCESS_PAYMENT, '{"orderId": 7}');
}

async function stop(): Promise<void> {
  await browser?.close();
  await shop.end();
  process.stdout.write(
    `\naxe-core, for each page of the console: rules passed, and violations by impact\n\n${accessibility.toText()}\n`,
  );
  process.stdout.write(`\n${sizes}`);
  if (!KEEP_IMAGES) rmSync(IMAGES, { recursive: true });
}

interface View {
  /** The service that serves the console; the one without authentication by default. */
  url?: string;
  /** Whether a part of the page stays without data, because a service is suspended. */
  isPartial?: boolean;
  /** UTC by default. */
  timezoneId?: string;
}

/** Opens a page of the console, and waits until everything on it is loaded. */
async function open(
  path: string,
  { url = shop.orders.url, isPartial = false, timezoneId = 'UTC' }: View = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: DESKTOP,
    timezoneId,
    locale: 'en-US',
    reducedMotion: 'reduce', // a colour that still changes would be checked as it is now
  });
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  if (!isPartial) await eventually(async () => expect(await page.locator('.loading').count()).toBe(0));
  return page;
}

/** Changes the colours and the size of a page, as the operating system does. */
async function showAs(page: Page, { colorScheme, viewport }: (typeof LOOKS)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(viewport);
}

/** Returns the row of a listed order. */
const rowOf = (page: Page, orderId: string): Locator =>
  page.getByRole('row').filter({ has: page.locator(`a[href="/orders/${orderId}"]`) });

const LOADS = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/order?')).length";

/** Waits until the list of orders is live, and has loaded again what happened before its stream began. */
async function followsOrders(page: Page): Promise<void> {
  await shows(page, '● Live');
  await eventually(async () => expect(await page.evaluate(LOADS)).toBeGreaterThan(1));
}

/** Presses a button that opens a dialog, then the button that acts. */
async function confirm(page: Page, button: string, action: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click();
}

const chromium = findChromium();
const describeInBrowser = chromium !== null || process.env['CI'] ? describe : describe.skip;

describeInBrowser(`the console${chromium === null ? ' (skipped: Chromium is not installed)' : ''}`, () => {
  beforeAll(start);
  afterAll(stop);
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.close();
    expect(errors.splice(0)).toEqual([]);
  });

  const PAGES: [name: string, path: () => string, text: string | RegExp][] = [
    ['orders', () => '/orders', '3 orders'],
    ['order', () => `/orders/${shipped}`, 'The stock has left with this order.'],
    ['place', () => '/place', 'Place the order'],
    ['catalog', () => '/catalog', 'Mug'],
    ['customers', () => '/customers', 'Show orders'],
    ['attention', () => '/attention', /not JSON/],
    ['today', () => '/today', /^All orders of the period, counted on /],
  ];

  test.each(PAGES)(
    'the page of %s shows its data, fits, and has no serious accessibility problem',
    async (name, path, text) => {
      const page = await open(path());

      await shows(page, text);
      for (const look of LOOKS) {
        await showAs(page, look);
        expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0);
        expect(await accessibility.check(page, name, look.name)).toEqual([]);
        await screenshot(page, `${name}-${look.name}`);
      }
      await close(page);
    },
  );

  test('the JavaScript of a first load is smaller than its limit', () => {
    const { stdout, status } = spawnSync(process.execPath, [join(__dirname, 'check-size.mjs')], { encoding: 'utf8' });
    sizes = stdout;

    expect(stdout).toMatch(/^console: [\d.]+ kB of JavaScript/);
    expect(status).toBe(0);
  });

  test('links an order to its saga, and to no trace without tracing', async () => {
    const page = await open(`/orders/${shipped}`);

    const saga = page.getByRole('link', { name: 'The saga in Temporal’s Web UI' });
    expect(await saga.getAttribute('href')).toMatch(new RegExp(`/workflows/order-${shipped}$`));
    await shows(page, 'completed');
    expect(await page.getByRole('link', { name: 'Its trace' }).count()).toBe(0);
    await close(page);
  });

  test('filters are in the address, which the back button and a new visit restore', async () => {
    const page = await open('/orders');

    const choice = (name: string) => page.getByRole('combobox', { name, exact: true });
    await choice('Status').selectOption('cancelled');
    await shows(page, '1 order');
    expect(new URL(page.url()).search).toBe('?order_status=cancelled');
    await choice('Payment').selectOption('refunded');
    await shows(page, 'No order matches these filters.');
    await page.goBack();
    await shows(page, '1 order');
    expect(await choice('Payment').inputValue()).toBe('');
    await page.reload();
    await shows(page, 'total amount over $1000');
    await close(page);
  });

  test('a mistake in an expression is explained', async () => {
    const page = await open('/orders');

    await page.getByText('More filters').click();
    await page.getByLabel('Expression').fill('price >');
    await page.getByLabel('Expression').press('Enter');

    await page.getByRole('alert').getByText('The filter has a mistake').waitFor();
    errors.splice(0); // the browser reports the response 400
    await close(page);
  });

  test('finds an order by its id, and orders by the id or the name of a product', async () => {
    const page = await open('/orders');
    const find = async (text: string): Promise<void> => {
      await page.getByLabel('Find an order').fill(text);
      await page.getByRole('button', { name: 'Find', exact: true }).click();
    };

    await find(mug);
    await page.waitForURL(`**/orders?product_id=${mug}`);
    for (const part of ['Mu', 'mug', 'UG']) {
      await page.goto(`${shop.orders.url}/orders?order_status=placed`);
      await find(part);
      await page.waitForURL('**/orders?filter=*');
      await shows(page, '3 orders');
    }
    await find(shipped);
    await page.waitForURL(`**/orders/${shipped}`);
    errors.splice(0); // an id of a product is none of an order: the browser reports the response 404
    await close(page);
  });

  test('finds a customer by parts of the name or the e-mail, in any case', async () => {
    const van = { firstName: 'Mary Ann', lastName: 'van Dyke', email: 'Mary.Ann@example.com' };
    const { customerId } = await shop.orders.request<{ customerId: string }>('POST', '/customer', van);
    const other = { firstName: 'Rosemary', lastName: 'Smith', email: 'rosemary.ann@example.com' };
    await shop.orders.request('POST', '/customer', other);
    const page = await open('/customers');

    for (const [text, count] of [
      ['mary ann', 2], // each word is a part of the name or the e-mail
      ['VAN DYKE', 1],
      ['dyke mary', 1],
      ['SMITH', 1],
      ['mary.ann@EXAMPLE', 2],
      ['nobody', 0],
    ] as const) {
      await page.getByLabel('Find a customer').fill(text);
      await page.getByRole('button', { name: 'Find', exact: true }).click();
      await eventually(async () => expect(await page.locator('tbody tr').count()).toBe(count));
    }
    await page.goto(`${shop.orders.url}/orders`);
    await page.getByLabel('Find an order').fill('mary.ann@example.com'); // the e-mail of one, a part of that of the other
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/orders?customer_id=${customerId}`);
    await close(page);
  });

  test('exports the filtered orders as CSV', async () => {
    const page = await open('/orders?order_status=cancelled');

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export as CSV' }).click(),
    ]);

    const rows = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n');
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatch(new RegExp(`^${declined},.*,cancelled,failed,payment-declined,.*,23 × Mug,1035$`));
    await close(page);
  });

  test('an export waits while the service is unavailable, and cannot be started twice', async () => {
    const context = await browser.newContext({ locale: 'en-US', timezoneId: 'America/New_York' });
    const page = await context.newPage();
    await page.clock.install({ time: '2026-11-29T02:00:00Z' });
    await page.goto(`${shop.orders.url}/orders?order_status=cancelled`);
    await shows(page, '1 order');
    let requests = 0;
    const isRefused = (): boolean => ++requests === 1;
    await page.route('**/order?*limit=1000', (route) =>
      isRefused() ? route.fulfill({ status: 503, json: {} }) : route.fallback(),
    );
    const button = page.getByRole('button', { name: 'Export as CSV' });

    await button.click();
    await eventually(() => expect(requests).toBe(1));
    expect(await button.isDisabled()).toBe(true);
    await button.click({ force: true });
    const [download] = await Promise.all([page.waitForEvent('download'), page.clock.fastForward(5_000)]);

    await shows(page, 'Exported 1 order.');
    expect(download.suggestedFilename()).toBe('orders-2026-11-28.csv'); // the date of the reader
    expect(await button.isDisabled()).toBe(false);
    expect(requests).toBe(2);
    await close(page);
  });

  test('an export says that it is not complete', async () => {
    const page = await open('/orders');
    const found = Array.from({ length: 100_000 }, () => ({ orderId: shipped, products: [], cancellation: null }));
    await page.route('**/order?*limit=1000', (route) =>
      route.fulfill({ json: found, headers: { Link: '</order?cursor=x>; rel="next"' } }),
    );

    await page.getByRole('button', { name: 'Export as CSV' }).click();

    await shows(page, /^Exported the first 100,000 of \d+ orders\.$/);
    await close(page);
  });

  test('an export ends when the filters change', async () => {
    const page = await open('/orders?order_status=cancelled');
    const downloads: unknown[] = [];
    page.on('download', (download) => downloads.push(download));
    let answer!: () => void;
    const isAnswered = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/order?*limit=1000', async (route) => {
      await isAnswered;
      await route.fallback();
    });
    const button = page.getByRole('button', { name: 'Export as CSV' });

    await button.click();
    await shows(page, 'Exporting …');
    await page.getByRole('combobox', { name: 'Status', exact: true }).selectOption('shipped');
    await page.getByText('Exporting …').waitFor({ state: 'detached' });
    answer();
    await delay(1_000);

    expect(await button.isDisabled()).toBe(false);
    expect(downloads).toEqual([]);
    await close(page);
  });

  test('counts the new orders that a list does not show, and announces them once', async () => {
    const page = await open('/orders?order_status=cancelled');
    await followsOrders(page);
    const note = page.getByRole('status').getByText(/^New orders/);
    const noteSays = (text: string): Promise<void> => page.locator('.note', { hasText: text }).waitFor();

    await shop.place(mug, 1);
    await noteSays('New orders in the shop: 1');
    const announced = await note.evaluateHandle((element) => element.firstChild);
    await shop.place(mug, 1);
    await noteSays('New orders in the shop: 2');
    expect(await note.evaluate((element, text) => element.firstChild === text, announced)).toBe(true);
    expect(await note.innerText()).toBe('New orders in the shop');
    await page.getByRole('combobox', { name: 'Status', exact: true }).selectOption('shipped');
    await note.waitFor({ state: 'detached' });

    await page.goto(`${shop.orders.url}/orders?limit=1`);
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.waitForURL(/cursor=/);
    await page.getByRole('link', { name: 'Previous page' }).waitFor();
    await followsOrders(page);
    const orderId = await shop.place(mug, 1);
    await noteSays('New orders: 1');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await rowOf(page, orderId).waitFor();
    expect(await note.count()).toBe(0);
    await close(page);
  });

  test('shows a new order, and the new status of a listed one, without a reload', async () => {
    const page = await open('/orders');
    await followsOrders(page);

    shop.payments.send('SIGSTOP');
    const orderId = await shop.place(mug, 1);
    await page.getByRole('status').getByText('New orders').waitFor();
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await rowOf(page, orderId).getByText('placed').waitFor();
    shop.payments.send('SIGCONT');

    await rowOf(page, orderId).getByText('shipped').waitFor();
    await close(page);
  });

  test('keeps what the reader is typing into a filter while events arrive', async () => {
    const page = await open('/orders');
    await followsOrders(page);
    await page.getByText('More filters').click();
    await page.getByLabel('Expression').fill('price > 1');

    await shop.place(mug, 1);
    await page.getByRole('status').getByText('New orders').waitFor();

    expect(await page.getByLabel('Expression').inputValue()).toBe('price > 1');
    await close(page);
  });

  test('shows what happened while the stream of events was interrupted before its first event', async () => {
    const proxy = await TcpProxy.to(shop.orders.url);
    proxies.push(proxy);
    shop.payments.send('SIGSTOP');
    const orderId = await shop.place(mug, 1);
    await eventually(async () => expect(await shop.stepsOf(orderId)).toContain('payment-requested'));
    const page = await open('/orders', { url: proxy.url.replace(/\/$/, '') });
    await followsOrders(page);
    await rowOf(page, orderId).getByText('placed').waitFor();

    await proxy.stop();
    await shows(page, '○ Connecting …');
    shop.payments.send('SIGCONT');
    await shop.becomes(orderId, 'shipped');
    const resumed = page.waitForRequest((request) => request.url().endsWith('/order/events'));
    await proxy.restart();

    await rowOf(page, orderId).getByText('shipped').waitFor();
    expect(await (await resumed).allHeaders()).toHaveProperty('last-event-id');
    await close(page);
    errors.splice(0); // the browser reports the lost connection
  });

  test('shows what happened between the load of the page and the begin of its stream', async () => {
    shop.payments.send('SIGSTOP');
    const orderId = await shop.place(mug, 1);
    const context = await browser.newContext({ locale: 'en-US' });
    const page = await context.newPage();
    let isBlocked = true;
    await page.route('**/order/events', (route) => (isBlocked ? route.abort() : route.fallback()));
    await page.goto(`${shop.orders.url}/orders`);
    await rowOf(page, orderId).getByText('placed').waitFor();

    shop.payments.send('SIGCONT');
    await shop.becomes(orderId, 'shipped');
    isBlocked = false;

    await rowOf(page, orderId).getByText('shipped').waitFor();
    await close(page);
  });

  test('acts while six tabs follow orders, and shows in a tab what happened while it was hidden', async () => {
    shop.payments.send('SIGSTOP');
    const orderId = await shop.place(mug, 1);
    const first = await open('/orders');
    const openTab = async (path: string): Promise<Page> => {
      const tab = await first.context().newPage();
      await tab.goto(shop.orders.url + path);
      await shows(tab, '● Live');
      return tab;
    };
    await shows(first, '● Live');
    await hide(first);
    for (let tab = 0; tab < 5; tab++) await hide(await openTab('/orders'));
    const last = await openTab(`/orders/${orderId}`);

    await confirm(last, 'Cancel the order', 'Cancel the order');
    await shows(last, `Order ${orderId} is being cancelled.`);
    shop.payments.send('SIGCONT');
    await shop.becomes(orderId, 'cancelled');
    expect(await rowOf(first, orderId).getByText('placed').count()).toBe(1);
    const resumed = first.waitForRequest((request) => request.url().endsWith('/order/events'));
    await reveal(first);

    await rowOf(first, orderId).getByText('cancelled').first().waitFor();
    expect(await (await resumed).allHeaders()).toHaveProperty('last-event-id');
    await close(first);
  });

  test('places an order and shows each step until it is shipped', async () => {
    const page = await open('/place');

    await page.getByRole('radio').first().check();
    await page.getByLabel('Find by name or type').fill('mug');
    await page.getByLabel('Quantity of Mug').fill('2');
    await shows(page, '$90.00');
    await page.getByRole('button', { name: 'Place the order' }).click();

    const timeline = page.getByRole('list', { name: 'Timeline' });
    for (const step of ['Accepted', 'Paid', 'Shipped']) await timeline.getByText(step).first().waitFor();
    await shows(page, 'The order is settled: shipped.');
    await close(page);
  });

  test('says why an order is refused', async () => {
    await shop.aProduct('Rare lamp', 1);
    const page = await open('/place');

    await page.getByRole('radio').first().check();
    await page.getByLabel('Quantity of Rare lamp').fill('3');
    await page.getByRole('button', { name: 'Place the order' }).click();

    await page
      .getByRole('alert')
      .getByText(/has 1 unit left; the order needs 3/)
      .waitFor();
    errors.splice(0); // the browser reports the response 409
    await close(page);
  });

  test('cancels an order after it has said what will happen', async () => {
    shop.payments.send('SIGSTOP');
    const orderId = await shop.place(mug, 2);
    const page = await open(`/orders/${orderId}`, { isPartial: true });

    await page.getByRole('button', { name: 'Cancel the order' }).click();
    await page.getByRole('dialog').getByText('Its stock (2 × Mug) becomes available again.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the order' }).click();

    await shows(page, `Order ${orderId} is being cancelled.`);
    shop.payments.send('SIGCONT');
    await shows(page, 'The stock that this order had reserved is available again.');
    await close(page);
  });

  test('refunds a payment by hand', async () => {
    const orderId = await shop.placeShipped(mug);
    const page = await open(`/orders/${orderId}`);

    await page.getByRole('button', { name: 'Refund the payment' }).click();
    await page.getByRole('dialog').getByText('The whole payment of $45.00 is returned').waitFor();
    await page.getByLabel('Reason').fill('Damaged on arrival');
    await page.getByRole('dialog').getByRole('button', { name: 'Refund the payment' }).click();

    const timeline = page.getByRole('list', { name: 'Timeline' });
    await timeline.getByText('Refunded').waitFor();
    await timeline.getByText('Damaged on arrival').first().waitFor();
    await close(page);
  });

  test('says that more refunds are due than it shows, and for how long', async () => {
    await shop.client.$executeRaw`
      INSERT INTO refunds_due (refund_id, order_id, examine_after, noted_at)
      SELECT gen_random_uuid(), ${declined}::uuid, now() + interval '1 day', now() - interval '47 hours'
      FROM generate_series(1, 101)`;
    const page = await open('/attention');

    await shows(page, 'The oldest 100 are shown; there are more.');
    await shows(page, '1 day 23 hr');
    await shop.client.refundDue.deleteMany({ where: { orderId: declined } });
    await page.getByText('No refund is due.').waitFor({ timeout: 20_000 });
    expect(await page.getByText('there are more').count()).toBe(0);
    await close(page);
  });

  test('names the days of UTC that it counts, in every time zone', async () => {
    const today = new Date().toLocaleDateString('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
    const page = await open('/today?window=30d', { timezoneId: 'Pacific/Honolulu' });

    const last = page.locator('table').first().locator('tbody tr').last();
    expect(await last.locator('th').textContent()).toBe(`${today}, UTC`);
    await shows(page, 'Refunded after shipping');
    await close(page);
  });

  test('says that a refund is due and since when, and offers no second one', async () => {
    const orderId = await shop.placeShipped(mug);
    shop.payments.send('SIGSTOP');
    try {
      const target = `/orderManagement/order/${orderId}/refund`;
      await callService(shop.orders, 'POST', target, { reason: 'Scratched' });
      const page = await open(`/orders/${orderId}`, { isPartial: true });
      await shows(page, /This payment has been due for refund for \d+ sec\. Reason: Scratched/);
      expect(await page.getByRole('button', { name: 'Refund the payment' }).count()).toBe(0);
      await close(page);
    } finally {
      shop.payments.send('SIGCONT');
    }
  });

  test('the second of two people who cancel an order learns that it was settled', async () => {
    shop.payments.send('SIGSTOP');
    const orderId = await shop.place(mug, 1);
    const page = await open(`/orders/${orderId}`, { isPartial: true });
    await page.getByRole('button', { name: 'Cancel the order' }).click();
    shop.payments.send('SIGCONT');
    await shop.becomes(orderId, 'shipped');

    // The page has learned it as well, but the dialog was open before.
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the order' }).click();

    await page.getByRole('dialog').getByText(`Order ${orderId} is already shipped and cannot be cancelled.`).waitFor();
    errors.splice(0); // the browser reports the response 409
    await close(page);
  });

  test('restocks, reprices and retires a product, and sells it again after a reload', async () => {
    await shop.aProduct('Bowl', 5);
    const page = await open('/catalog');

    await page.getByRole('button', { name: 'Restock Bowl' }).click();
    await page.getByLabel('Units to add').fill('7');
    await page.getByRole('button', { name: 'Change the stock' }).click();
    await shows(page, 'Bowl now has 12 units.');
    await page.getByRole('button', { name: 'Reprice Bowl' }).click();
    await page.getByLabel('New price in dollars').fill('12,5');
    await page.getByRole('button', { name: 'Change the price' }).click();
    await shows(page, 'Bowl now costs $12.50.');
    await confirm(page, 'Retire Bowl', 'Retire');
    await shows(page, 'Bowl is no longer sold.');
    await page.getByRole('link', { name: 'Bowl' }).waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('combobox', { name: 'Show' }).selectOption('Retired');
    expect(new URL(page.url()).search).toBe('?kind=retired');
    await page.getByRole('row', { name: /^Bowl retired/ }).waitFor();
    await page.getByRole('button', { name: 'Sell again Bowl' }).click();
    await page.getByRole('dialog').getByText('for $12.50 each. 12 units are in stock.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Sell again', exact: true }).click();
    await shows(page, 'Bowl is sold again.');
    await page.getByRole('link', { name: 'Bowl' }).waitFor({ state: 'detached' });
    await page.getByRole('combobox', { name: 'Show' }).selectOption('All');
    await page.getByRole('button', { name: 'Retire Bowl' }).waitFor();
    await close(page);
  });

  test('searches the catalog on the server, in pages that the address holds', async () => {
    for (let n = 101; n <= 160; n++) await shop.aProduct(`Candle ${n}`);
    const page = await open('/catalog');

    await page.getByLabel('Find products').fill('candle');
    await page.getByRole('button', { name: 'Find', exact: true }).click();
    await shows(page, '60 products');
    await page.getByRole('link', { name: 'Candle 150' }).waitFor();
    expect(await page.getByRole('link', { name: 'Candle 151' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.getByRole('link', { name: 'Candle 151' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Candle 160' }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Candle 101' }).waitFor();
    expect(await page.getByLabel('Find products').inputValue()).toBe('candle');
    await close(page);
  });

  test('keeps what was chosen for an order while other products are searched for', async () => {
    await shop.aProduct('Tray');
    const page = await open('/place');

    await page.getByLabel('Find by name or type').fill('MUG');
    await page.getByLabel('Quantity of Mug').fill('2');
    await page.getByLabel('Find by name or type').fill('candle');
    await page.getByLabel('Quantity of Candle 125').waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByLabel('Quantity of Candle 126').fill('1');
    await page.getByRole('region', { name: 'The order' }).getByText('2 × Mug, $90.00').waitFor();
    await page.getByLabel('Find by name or type').fill('mug');
    await eventually(async () => expect(await page.getByLabel('Quantity of Mug').inputValue()).toBe('2'));
    await page.getByLabel('Find by name or type').fill('tray');
    await page.getByLabel('Quantity of Tray').fill('1');

    await page.getByRole('radio').first().check();
    await page.getByRole('button', { name: 'Place the order' }).click();
    await shows(page, 'The order is settled: shipped.');
    expect(await page.getByRole('region', { name: 'The order' }).getByRole('listitem').count()).toBe(0);
    await close(page);
  });

  test('does not overwrite a price that somebody else has changed', async () => {
    const productId = await shop.aProduct('Plate');
    const page = await open('/catalog?find=plate');
    await page.getByRole('button', { name: 'Reprice Plate' }).click();

    await shop.orders.request('PATCH', `/product/${productId}`, { price: 50 });
    await page.getByLabel('New price in dollars').fill('40');
    await page.getByRole('button', { name: 'Change the price' }).click();

    await page.getByRole('dialog').getByText('Somebody has changed the price of Plate to $50.00.').waitFor();
    await close(page);
  });

  test('shows a saga whose step fails again and again, with the reason and a link, until the step succeeds', async () => {
    await shop.client.$executeRaw`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'The disk is full.' USING ERRCODE = 'disk_full'; END $$`;
    await shop.client.$executeRaw`
      CREATE TRIGGER fail BEFORE UPDATE ON orders FOR EACH ROW WHEN (NEW.order_status = 'shipped') EXECUTE FUNCTION fail()`;
    const orderId = await shop.place(mug, 1);
    const page = await open('/attention');
    const failing = page.getByRole('region', { name: 'Sagas that cannot progress' });

    const entry = failing.getByRole('listitem').filter({ hasText: `order-${orderId}` });
    await entry.getByText('The disk is full.').waitFor({ timeout: 90_000 }); // sagas of the last 30 seconds are not examined
    const link = entry.getByRole('link', { name: `order-${orderId}` });
    expect(await link.getAttribute('href')).toMatch(new RegExp(`^http://.*/workflows/order-${orderId}`));
    expect(await accessibility.check(page, 'failing saga', 'light')).toEqual([]);

    await shop.client.$executeRaw`DROP FUNCTION fail() CASCADE`;
    await failing.getByText('All examined sagas can progress.').waitFor({ timeout: 90_000 });
    await close(page);
  });

  test('retries a parked message, and discards one and all', async () => {
    const page = await open('/attention');
    const parked = page.getByRole('region', { name: 'Parked messages of order-management' });
    await parked.getByText('1 parked').waitFor();

    await parked.getByRole('button', { name: /^Retry message/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Retry', exact: true }).click();
    await parked.getByText('1 message was returned to the queue.').waitFor();
    await eventually(async () => expect(await shop.queues.waiting('PaymentStat.parked')).toBe(1)); // it is still not JSON
    await page.reload();
    await parked.getByRole('button', { name: /^Discard message/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard', exact: true }).click();
    await parked.getByText('1 message was discarded.').waitFor();
    await parked.getByText('No message is parked.').waitFor();

    const others = page.getByRole('region', { name: 'Parked messages of payment-processing' });
    await others.getByRole('button', { name: 'Discard all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard', exact: true }).click();
    await others.getByText('No message is parked.').waitFor();
    await close(page);
  });

  test('an open page loads again after every failure, as soon as the server permits it', async () => {
    const context = await browser.newContext({ locale: 'en-US' });
    const page = await context.newPage();
    await page.clock.install();
    let answer: { status: number; headers?: Record<string, string> } | null = { status: 403 };
    await page.route('**/backlog', (route) => (answer ? route.fulfill({ ...answer, json: {} }) : route.fallback()));
    await page.goto(`${shop.orders.url}/attention`);
    const backlog = page.getByRole('region', { name: 'Backlog' });
    const answers = async (status: number): Promise<void> =>
      backlog.getByRole('alert').getByText(`The server answered ${status}`).waitFor();

    await answers(403);
    answer = { status: 500 };
    await page.clock.fastForward(10_000); // the interval of the page
    await answers(500);
    answer = { status: 429, headers: { 'Retry-After': '60' } };
    await page.clock.fastForward(5_000);
    await answers(429);
    answer = null;
    await page.clock.fastForward(50_000);
    await delay(500);
    await answers(429);
    await page.clock.fastForward(10_000);

    await backlog.getByText('orders wait to be settled').waitFor();
    expect(await backlog.getByRole('alert').count()).toBe(0);
    await close(page);
  });

  test('a request without an answer ends after its time limit', async () => {
    const page = await open('/attention');
    const backlog = page.getByRole('region', { name: 'Backlog' });
    await page.evaluate(`
      const { timeout } = AbortSignal;
      AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 50);
    `);

    await page.route('**/backlog', () => undefined);
    await backlog.getByRole('alert').getByText('The server cannot be reached').waitFor();
    await page.unroute('**/backlog');

    await backlog.getByRole('alert').waitFor({ state: 'detached' });
    await close(page);
    errors.splice(0);
  });

  test('asks for a credential if the service needs one, keeps it for the tab, and forgets it', async () => {
    const guarded = await shop.startGuarded();
    const page = await open('/attention', { url: guarded.url });
    const signIn = async (credential: string): Promise<void> => {
      await page.getByLabel('API key or token').fill(credential);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };

    await signIn('wrong');
    await page.getByRole('alert').getByText('no valid credential').waitFor();
    for (const look of LOOKS) {
      await showAs(page, look);
      expect(await accessibility.check(page, 'sign-in', look.name)).toEqual([]);
    }
    await showAs(page, LOOKS[0]);
    await signIn(await shop.anApiKey('operator'));
    await page.getByRole('heading', { name: 'Attention' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Attention' }).waitFor();
    expect(await page.evaluate('localStorage.length')).toBe(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);

    await signIn(await shop.anApiKey('catalog'));
    await page.getByText('The page needs the role operator. This credential has the role catalog.').waitFor();
    expect(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts()).toEqual(['Catalog']);
    await close(page);
    await guarded.end('SIGTERM');
    errors.splice(0); // the browser reports the responses 401
  });

  test('can be used by keyboard: Enter opens a dialog, Escape closes it', async () => {
    const page = await open('/catalog?find=mug');

    await page.getByRole('button', { name: 'Restock Mug' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await close(page);
  });
});
