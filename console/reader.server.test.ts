import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PAYMENT_STAT } from '@shop/amqp/topology';
import { findChromium, startChromium } from '@shop/dev/chromium';
import type { Browser, Locator, Page, Route } from 'playwright-core';
import { callService } from '../test/call';
import { newPage } from '../test/console-page';
import { ConsoleShop } from '../test/console-shop';
import { eventually } from '../test/eventually';

// What a reader types, presses and reads is not lost when the page changes by itself.

const chromium = findChromium();
const describeInBrowser = chromium !== null || process.env['CI'] ? describe : describe.skip;

let shop: ConsoleShop;
let browser: Browser;
let mug: string;
let page: Page;

async function start(): Promise<void> {
  [shop, browser] = await Promise.all([ConsoleShop.start('console-reader'), startChromium(chromium)]);
  await shop.queues.declare(PAYMENT_STAT);
  mug = await shop.aProduct('Mug');
  for (let placed = 0; placed < 3; placed++) await shop.placeShipped(mug);
}

async function stop(): Promise<void> {
  await browser?.close();
  await shop?.end();
}

async function open(path: string): Promise<void> {
  await page.goto(shop.orders.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
}

const button = (place: Page | Locator, name: string): Locator => place.getByRole('button', { name, exact: true });

const dialog = (): Locator => page.getByRole('dialog');

/** Returns the text of the element that has the focus; of the whole page if none has it. */
const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent');

/** Expects that an element keeps the focus while the page shows what it has loaded. */
async function hasFocus(text: string | RegExp): Promise<void> {
  await eventually(async () => expect(await page.locator('.loading, [aria-busy="true"]').count()).toBe(0));
  expect(await focused()).toMatch(text);
}

/** Places an order that stays placed, and opens the dialog that cancels it. @returns its id */
async function openCancellation(): Promise<string> {
  shop.payments.send('SIGSTOP');
  const orderId = await shop.place(mug, 1);
  await open(`/orders/${orderId}`);
  await button(page, 'Cancel the order').click();
  await dialog().waitFor();
  return orderId;
}

/** Confirms the cancellation, whose request does not reach the service. @returns the held request */
async function confirmAndHold(): Promise<Route> {
  const requests: Route[] = [];
  await page.route('**/cancel', (route) => void requests.push(route));
  await button(dialog(), 'Cancel the order').click();
  await eventually(() => expect(requests).toHaveLength(1));
  return requests.at(0)!;
}

describeInBrowser(
  `a page that changes by itself${chromium === null ? ' (skipped: Chromium is not installed)' : ''}`,
  () => {
    beforeAll(start);
    afterAll(stop);
    beforeEach(async () => {
      page = await newPage(browser);
    });
    afterEach(async () => {
      shop.payments.send('SIGCONT');
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.context().close();
    });

    test('keeps the text of a filter while orders arrive, and applies it with Enter', async () => {
      await open('/orders');
      await page.getByText('● Live').waitFor();
      await page.getByText('More filters').click();
      const field = page.getByLabel('Product name');
      await field.pressSequentially('Mu');

      const orderId = await shop.placeShipped(mug);
      // The list is loaded again when its stream begins, and may then show the order itself.
      const row = page.locator(`a[href="/orders/${orderId}"]`);
      await page
        .getByText(/new orders/i)
        .or(row)
        .first()
        .waitFor();
      await field.pressSequentially('g');
      expect(await field.inputValue()).toBe('Mug');
      await field.press('Enter');

      await page.waitForURL('**/orders?name=Mug');
      await button(page, 'Find').focus();
      await page.goBack();
      await eventually(async () => expect(await field.inputValue()).toBe(''));
    });

    test('applies a time with Enter or when the field is left, not while it is typed', async () => {
      await open('/orders');
      const field = page.getByLabel('Placed from');
      const visited = await page.evaluate('history.length');

      await field.focus();
      await page.keyboard.type('11012026');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.type('1000AM');
      for (let minute = 0; minute < 5; minute++) await field.press('ArrowUp');
      expect(await page.evaluate('history.length')).toBe(visited);
      await field.fill('2026-11-01T10:30');
      await field.press('Enter');

      await page.waitForURL((url) => url.searchParams.get('order_date[gte]') === '2026-11-01T10:30:00.000Z');
      await field.fill('2026-11-02T10:30');
      await field.blur();
      await page.waitForURL((url) => url.searchParams.get('order_date[gte]') === '2026-11-02T10:30:00.000Z');
      expect(await page.evaluate('history.length')).toBe(Number(visited) + 2);
    });

    test('a dialog stays open until the answer arrives, and shows a failure', async () => {
      await openCancellation();
      const request = await confirmAndHold();

      for (let pressed = 0; pressed < 3; pressed++) await page.keyboard.press('Escape');
      await button(dialog(), 'Close').click({ force: true });
      await request.fulfill({ status: 503, json: { code: 'service-unavailable', title: 'The shop is closed' } });

      await dialog().getByRole('alert').getByText('The shop is closed').waitFor();
      await page.keyboard.press('Escape');
      await dialog().waitFor({ state: 'detached' });
    });

    test('a dialog can be closed if no answer arrives in time', async () => {
      const inATenth =
        'const { timeout } = AbortSignal; AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 10);';
      await page.addInitScript(inATenth);
      await openCancellation();
      await confirmAndHold();

      await dialog().getByRole('alert').getByText('The action may or may not have completed.').waitFor();
      await button(dialog(), 'Close').click();

      await dialog().waitFor({ state: 'detached' });
    });

    test('returns the focus to the button that opened a dialog, and to the title if that button is gone', async () => {
      await openCancellation();
      await button(dialog(), 'Close').click();
      await dialog().waitFor({ state: 'detached' });
      expect(await focused()).toBe('Cancel the order');

      await page.keyboard.press('Enter');
      await button(dialog(), 'Cancel the order').click();
      shop.payments.send('SIGCONT');
      await page.getByText('The stock that this order had reserved is available again.').waitFor();

      await eventually(async () => expect(await focused()).toMatch(/^Order [0-9a-f]{8}$/));
    });

    test('keeps the focus and the earlier list while another order or page is loaded', async () => {
      await open('/orders?limit=1');
      await button(page, 'Placed').focus();
      await page.keyboard.press('Enter');
      await page.waitForURL('**sort=order_date');
      await hasFocus('Placed ↑');

      await page.getByRole('link', { name: 'Next page' }).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL('**cursor=*');
      await hasFocus('Next page');
      let rowsWhileLoading = 0;
      await page.route('**/orderManagement/order?**', async (route) => {
        rowsWhileLoading = await page.getByRole('row').count();
        await route.fallback();
      });
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Previous page' }).waitFor();
      await hasFocus('Next page');
      expect(rowsWhileLoading).toBe(2);
    });

    test('shows the money that was returned after an order was cancelled', async () => {
      shop.payments.send('SIGSTOP');
      const orderId = await shop.place(mug, 1);
      await callService(shop.orders, 'POST', `/orderManagement/order/${orderId}/cancel`);
      await shop.becomes(orderId, 'cancelled');
      const headers = { 'Access-Control-Allow-Origin': '*' };
      await page.route('**/paymentProcessing/payments?*', (route) => route.fulfill({ json: [], headers }), {
        times: 1,
      });
      await open(`/orders/${orderId}`);
      await page.getByText('The payment service has no payment of this order.').waitFor();

      shop.payments.send('SIGCONT');

      await page.getByRole('list', { name: 'Timeline' }).getByText('Refunded', { exact: true }).waitFor();
      await page.getByText(/^Payment .*: refunded/).waitFor();
    });

    test('names the customer of an order, in the list and on its page', async () => {
      await open('/orders?limit=1');
      await page.getByRole('row').getByRole('link', { name: 'John Doe', exact: true }).waitFor();

      await page.getByRole('row').getByRole('link').first().click();

      await page.getByText('John Doe, john.doe@test.com').waitFor();
    });

    test('says which messages are deleted, and deletes no others', async () => {
      for (const body of ['not json', 'nor this']) await shop.queues.send(PAYMENT_STAT, body);
      await eventually(async () => expect(await shop.queues.waiting('PaymentStat.parked')).toBe(2));
      await open('/attention');
      const parked = page.getByRole('region', { name: 'Parked messages of order-management' });
      const first = parked.getByRole('listitem').first();
      const id = await first.getByRole('code').innerText();
      await first.getByRole('button', { name: /^Discard/ }).click();
      await dialog().getByText(`${id}: `).waitFor();
      await dialog()
        .getByText(/not JSON/)
        .waitFor();
      await button(dialog(), 'Close').click();

      await button(parked, 'Discard all').click();
      await dialog().getByRole('heading', { name: 'Discard these 2 messages?' }).waitFor();
      await shop.queues.send(PAYMENT_STAT, 'a later one');
      await eventually(async () => expect(await shop.queues.waiting('PaymentStat.parked')).toBe(3));
      await button(dialog(), 'Discard').click();

      await parked.getByText('2 messages were discarded.').waitFor();
      expect(await shop.queues.waiting('PaymentStat.parked')).toBe(1);
    });

    test('says that all messages are deleted if it cannot show all', async () => {
      await shop.queues.send(PAYMENT_STAT, 'not json');
      await page.route('**/parked-messages?*', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, headers: { ...response.headers(), 'x-total-count': '1250' } });
      });
      await open('/attention');
      const parked = page.getByRole('region', { name: 'Parked messages of order-management' });
      await button(parked, 'Discard all').click();
      await dialog().getByRole('heading', { name: 'Discard all 1,250 messages?' }).waitFor();
      await dialog().getByText('This includes messages that the page does not show').waitFor();
      await dialog().getByText('The result shows how many are still parked.').waitFor();

      const sent = page.waitForRequest('**/parked-messages/discard');
      await button(dialog(), 'Discard').click();

      expect((await sent).postDataJSON()).toEqual({ all: true });
      await parked.getByText(/discarded\.$/).waitFor();
    });
  },
);
