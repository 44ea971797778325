import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findHaproxy } from '@shop/cluster/programs';
import { findChromium, startChromium } from '@shop/dev/chromium';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../test/axe';
import { BalancedShop, type OrderInstance } from '../test/balanced-shop';
import { close, openPage, shows, timelineOf } from '../test/console-page';
import { eventually } from '../test/eventually';

// The console in front of two instances behind the load balancer, while one part of the system after another is unavailable.

const chromium = findChromium();
const missing = [chromium === null && 'Chromium', findHaproxy() === null && 'HAProxy'].filter(Boolean).join(' and ');
const describeInBrowser = missing === '' || process.env['CI'] ? describe : describe.skip;

let shop: BalancedShop;
let browser: Browser;
let mug: string;

async function start(): Promise<void> {
  [shop, browser] = await Promise.all([BalancedShop.start('console-outages'), startChromium(chromium)]);
  mug = await shop.aProduct('Mug');
}

async function stop(): Promise<void> {
  await browser?.close();
  await shop?.end();
}

/** Opens a page of the console in a browser of its own. */
const open = (path: string): Promise<Page> => openPage(browser, shop.url + path);

const ACCEPTED = 'Accepted; the stock is reserved';
const SHIPPED = [ACCEPTED, 'Payment requested', 'Paid', 'Shipped'];

/** Places an order for one mug, as a person does. */
async function placeMug(page: Page): Promise<void> {
  await page.getByRole('radio').first().check();
  await page.getByLabel('Quantity of Mug').fill('1');
  await page.getByRole('button', { name: 'Place the order' }).click();
  await page.getByRole('list', { name: 'Timeline' }).getByText(ACCEPTED).waitFor();
}

/** Reads the mug with its stock. */
const readStock = (): Promise<{ quantityAvailable: number }> => shop.request('GET', `/product/${mug}`);

describeInBrowser(`the console during outages${missing && ` (skipped: ${missing} is not installed)`}`, () => {
  beforeAll(start);
  afterAll(stop);

  test('an order that is placed while Temporal is unavailable waits, and settles before the eyes of the reader', async () => {
    const page = await open('/place');
    await shop.proxies.temporal.stop();

    await placeMug(page);
    await shows(page, 'Waiting for the next step …');
    const orderPage = await page.context().newPage();
    const address = await page.getByRole('heading', { level: 2 }).getByRole('link').getAttribute('href');
    await orderPage.goto(shop.url + address!);
    await orderPage.getByText('Temporal is unavailable.').waitFor();
    expect(await timelineOf(page)).toEqual([ACCEPTED]);
    expect(await accessibilityProblems(orderPage)).toEqual([]);
    await shop.proxies.temporal.restart();

    await shows(page, 'The order is settled: shipped.');
    expect(await timelineOf(page)).toEqual(SHIPPED);
    await orderPage.getByRole('list', { name: 'Timeline' }).getByText('Shipped').waitFor();
    await eventually(async () => expect(await timelineOf(orderPage)).toEqual(SHIPPED));
    await close(page);
  });

  test('an order that is placed while the broker is unavailable waits, and the console says what is missing', async () => {
    const [page, attention] = [await open('/place'), await open('/attention')];
    await shop.proxies.broker.stop();

    await placeMug(page);
    const parked = attention.getByRole('region', { name: 'Parked messages of order-management' });
    await attention.reload();
    await parked.getByRole('alert').waitFor();
    await attention
      .getByText(/Backlog/)
      .first()
      .waitFor(); // the rest of the page is shown
    expect(await accessibilityProblems(attention)).toEqual([]);
    expect(await timelineOf(page)).not.toContain('Paid');
    await shop.proxies.broker.restart();

    await shows(page, 'The order is settled: shipped.');
    expect(await timelineOf(page)).toEqual(SHIPPED);
    await parked.getByText('No message is parked.').waitFor(); // without a reload
    await Promise.all([close(page), close(attention)]);
  });

  test('says that the database is unavailable, keeps what it has loaded, and recovers by itself', async () => {
    const [listed, page] = [await open('/orders'), await open('/place')];
    await shows(listed, /\d orders?/);
    await shop.proxies.database.stop();

    await page.getByRole('link', { name: 'Catalog' }).click();
    await page.getByRole('alert').getByText('The page tries again by itself.').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await listed.getByRole('columnheader', { name: 'Placed' }).getByRole('button').click(); // needs the database
    await listed.getByRole('alert').waitFor();
    const visitor = await open('/catalog'); // the load balancer knows that no instance is ready
    await visitor.getByRole('alert').getByText('No instance of order-management is ready: its database').waitFor();
    expect(await accessibilityProblems(visitor)).toEqual([]);
    await shop.proxies.database.restart();

    await shows(visitor, 'Mug');
    await shows(page, 'Mug');
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await listed.getByRole('alert').waitFor({ state: 'detached' });
    await shows(listed, /\d orders?/);
    await listed.getByText('● Live').waitFor();
    await Promise.all([close(visitor), close(listed), close(page)]);
  });

  test('says that the browser is offline, acts on nothing, and continues when the connection is back', async () => {
    const { quantityAvailable } = await readStock();
    const page = await open('/catalog');
    await page.getByRole('button', { name: 'Restock Mug' }).click();
    await page.context().setOffline(true);

    await page.getByLabel('Units to add').fill('5');
    await page.getByRole('button', { name: 'Change the stock' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('alert').getByText('The server cannot be reached').waitFor();
    expect(await dialog.getByLabel('Units to add').inputValue()).toBe('5');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.context().setOffline(false);
    await dialog.getByRole('button', { name: 'Change the stock' }).click();

    await shows(page, /Mug now has/);
    expect(await readStock()).toMatchObject({ quantityAvailable: quantityAvailable + 5 }); // added once
    await close(page);
  });

  // These tests run last, because they do not restart the instances.
  test('continues on another instance if its own is killed, and shows no step twice', async () => {
    const [page, listed] = [await open('/place'), await open('/orders')];
    await shows(listed, '● Live');
    shop.payments.send('SIGSTOP');
    const [stream] = await Promise.all([
      page.waitForResponse((response) => /\/order\/[^/]+\/events$/.test(response.url())),
      placeMug(page),
    ]);
    await eventually(async () => expect(await timelineOf(page)).toEqual(SHIPPED.slice(0, 2)));
    const server = (await stream.allHeaders())['x-served-by'] as OrderInstance;

    const again = page.waitForResponse((response) => response.ok() && response.url() === stream.url());
    await shop.instances[server].end('SIGKILL');
    const continued = await again;
    const other = Object.keys(shop.instances).find((name) => name !== server);
    expect(await continued.headerValue('x-served-by')).toBe(other);
    expect(await continued.request().allHeaders()).toHaveProperty('last-event-id');
    shop.payments.send('SIGCONT');

    await shows(page, 'The order is settled: shipped.');
    await delay(500); // a repeated step would arrive with the stream that begins again
    expect(await timelineOf(page)).toEqual(SHIPPED);
    await shows(listed, '● Live');
    const link = listed.locator(`a[href="/orders/${/order\/([^/]+)\/events/.exec(stream.url())![1]}"]`);
    // The page has received the event, or has loaded the list after it.
    await listed
      .getByText(/New orders/)
      .or(link)
      .first()
      .waitFor();
    await Promise.all([close(page), close(listed)]);
  });

  test('shows instructions if no instance is available, and an open page retries', async () => {
    const page = await open('/orders');
    await Promise.all(Object.values(shop.instances).map((instance) => instance.end('SIGKILL')));

    const visitor = await open('/orders');
    await visitor.getByRole('heading', { name: 'The shop is unavailable' }).waitFor();
    expect(await accessibilityProblems(visitor)).toEqual([]);
    await page.getByRole('link', { name: 'Catalog' }).click();
    await page.getByRole('alert').getByText('it is not running, or it is overloaded').waitFor();
    await shop.restart('order-management-1');

    await visitor.getByRole('link', { name: 'Try again' }).click();
    await visitor.getByRole('columnheader', { name: 'Placed' }).waitFor();
    await shows(page, 'Mug');
    await Promise.all([close(visitor), close(page)]);
  });
});
