import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PAYMENT_STAT } from '@shop/amqp/topology';
import { findHaproxy } from '@shop/cluster/programs';
import type { Browser, Page } from 'playwright-core';
import { BalancedShop } from '../test/balanced-shop';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { close, openPage, shows, timelineOf } from '../test/console-page';
import { eventually } from '../test/eventually';
import { Queues } from '../test/queues';
import { virtualHostUrl } from '../test/servers';

// Two people act on the same thing at the same time, in two browsers and behind two instances: each sees a clear result.

const chromium = findChromium();
const missing = [chromium === null && 'Chromium', findHaproxy() === null && 'HAProxy'].filter(Boolean).join(' and ');
const describeInBrowser = missing === '' || process.env['CI'] ? describe : describe.skip;

let shop: BalancedShop;
let browser: Browser;
let queues: Queues;
let mug: string;

async function start(): Promise<void> {
  [shop, browser] = await Promise.all([BalancedShop.start('console-people'), startChromium(chromium)]);
  queues = await Queues.open(virtualHostUrl('console-people'));
  mug = await shop.aProduct('Mug');
}

async function stop(): Promise<void> {
  await browser?.close();
  await queues?.close();
  await shop?.end();
}

/** Opens a page of the console in a browser of its own. */
const open = (path: string): Promise<Page> => openPage(browser, shop.url + path);

/** Opens the same page for two people. */
const openBoth = (path: string): Promise<[Page, Page]> => Promise.all([open(path), open(path)]);

const openDialog = (page: Page, button: string | RegExp): Promise<void> =>
  page.getByRole('button', { name: button }).click();

/** Presses the button that acts in the open dialog. */
const press = (page: Page, action: string): Promise<void> =>
  page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click();

/** Confirms a refund in the open dialog. */
async function refund(page: Page, reason: string): Promise<void> {
  await page.getByLabel('Reason').fill(reason);
  await press(page, 'Refund the payment');
}

/** Waits until a page shows one of the texts. @returns this text */
async function outcomeOf<T extends string | RegExp>(page: Page, texts: readonly T[]): Promise<T> {
  const found = texts.map((text) =>
    page
      .getByText(text)
      .first()
      .waitFor()
      .then(() => text),
  );
  return Promise.any(found);
}

describeInBrowser(`two people${missing && ` (skipped: ${missing} is not installed)`}`, () => {
  beforeAll(start);
  afterAll(stop);

  test('both people who cancel an order see that it is being cancelled, and one cancellation', async () => {
    await shop.proxies.temporal.stop(); // the order stays placed until both have cancelled it
    const orderId = await shop.place(mug);
    const pages = await Promise.all([open(`/orders/${orderId}`), open(`/orders/${orderId}`)]);
    for (const page of pages) await page.getByRole('button', { name: 'Cancel the order' }).click();

    await Promise.all(
      pages.map((page) => page.getByRole('dialog').getByRole('button', { name: 'Cancel the order' }).click()),
    );

    for (const page of pages) await shows(page, `Order ${orderId} is being cancelled.`);
    await shop.proxies.temporal.restart();
    for (const page of pages) {
      await shows(page, 'The stock that this order had reserved is available again.');
      await eventually(async () => {
        const steps = await timelineOf(page);
        expect(steps.filter((step) => step === 'Cancellation requested')).toHaveLength(1);
        expect(steps.filter((step) => step === 'Cancelled')).toHaveLength(1);
      });
      expect(await page.getByRole('button', { name: 'Cancel the order' }).count()).toBe(0);
      await close(page);
    }
  });

  test('the second of two people who refund a payment sees that it was refunded, and the money is returned once', async () => {
    const orderId = await shop.placeShipped(mug);
    const pages = await Promise.all([open(`/orders/${orderId}`), open(`/orders/${orderId}`)]);
    const [first, second] = pages;
    for (const page of pages) await page.getByRole('button', { name: 'Refund the payment' }).click();

    await refund(first, 'Damaged');
    await first.getByRole('list', { name: 'Timeline' }).getByText('Refunded', { exact: true }).waitFor();
    await refund(second, 'Lost');

    await shows(first, `The payment of order ${orderId} is being refunded.`);
    await shows(second, `The payment of order ${orderId} was refunded.`);
    for (const page of pages) {
      await eventually(async () => {
        const steps = await timelineOf(page);
        expect(steps.filter((step) => step.startsWith('Refund'))).toEqual(['Refund due', 'Refunded']);
      });
      await shows(page, /Damaged/);
      expect(await page.getByText('Lost').count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Refund the payment' }).count()).toBe(0);
      await close(page);
    }
  });

  test('shows the refund to a person who cancels an order that was already shipped and refunded', async () => {
    shop.payments.send('SIGSTOP');
    const orderId = await shop.place(mug);
    const first = await open(`/orders/${orderId}`);
    await openDialog(first, 'Cancel the order');
    shop.payments.send('SIGCONT');
    await shop.becomes(orderId, 'shipped');
    const second = await open(`/orders/${orderId}`);
    await openDialog(second, 'Refund the payment');

    await Promise.all([press(first, 'Cancel the order'), refund(second, 'Damaged')]);

    await shows(first.getByRole('dialog'), `Order ${orderId} is already shipped and cannot be cancelled.`);
    await shows(second, `The payment of order ${orderId} is being refunded.`);
    await first.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    for (const page of [first, second]) {
      await eventually(async () => {
        const steps = await timelineOf(page);
        expect(steps.slice(steps.indexOf('Shipped'))).toEqual(['Shipped', 'Refund due', 'Refunded']);
        expect(steps).not.toContain('Cancellation requested');
      });
      expect(await page.getByRole('button', { name: /Cancel the order|Refund the payment/ }).count()).toBe(0);
      await close(page);
    }
  });

  test('of two people who set different prices, one succeeds and the other learns the new price', async () => {
    for (let round = 1; round <= 5; round++) {
      const name = `Plate ${round}`;
      const productId = await shop.aProduct(name);
      const pages = await openBoth('/catalog');
      for (const page of pages) await openDialog(page, `Reprice ${name}`);
      const [first, second] = pages;
      await first.getByLabel('New price in dollars').fill('40');
      await second.getByLabel('New price in dollars').fill('50');

      await Promise.all(pages.map((page) => press(page, 'Change the price')));

      const outcomes = await Promise.all([
        outcomeOf(first, [`${name} now costs $40.00.`, `Somebody has changed the price of ${name} to $50.00.`]),
        outcomeOf(second, [`${name} now costs $50.00.`, `Somebody has changed the price of ${name} to $40.00.`]),
      ]);
      const { price } = await shop.request<{ price: number }>('GET', `/product/${productId}`);
      const [winner, loser] = price === 40 ? outcomes : outcomes.toReversed();
      expect([winner, loser]).toEqual([
        `${name} now costs $${price}.00.`,
        `Somebody has changed the price of ${name} to $${price}.00.`,
      ]);
      for (const page of pages) await close(page);
    }
  });

  test('a price is changed although the stock changes at the same time', async () => {
    const productId = await shop.aProduct('Bowl');
    const page = await open('/catalog');
    await openDialog(page, 'Reprice Bowl');
    let patches = 0;
    // Orders arrive between the read of the price and its change.
    await page.route(`**/product/${productId}`, async (route) => {
      if (route.request().method() === 'PATCH' && patches++ < 2) await shop.place(productId);
      await route.fallback();
    });

    await page.getByLabel('New price in dollars').fill('40');
    await press(page, 'Change the price');

    await shows(page, 'Bowl now costs $40.00.');
    expect(patches).toBe(3);
    await close(page);
  });

  test('both people who restock a product add their units', async () => {
    const productId = await shop.aProduct('Vase');
    const pages = await openBoth('/catalog');
    for (const page of pages) {
      await openDialog(page, 'Restock Vase');
      await page.getByLabel('Units to add').fill('10');
    }

    await Promise.all(pages.map((page) => press(page, 'Change the stock')));

    for (const page of pages) await shows(page, /Vase now has 1,0[12]0 units\./);
    expect(await shop.request('GET', `/product/${productId}`)).toMatchObject({ quantityAvailable: 1_020 });
    for (const page of pages) await close(page);
  });

  test('of two people who retry and discard one parked message, one acts and the other sees it', async () => {
    for (let round = 1; round <= 5; round++) {
      await queues.declare(PAYMENT_STAT);
      await queues.send(PAYMENT_STAT, `not json ${round}`);
      await eventually(async () => expect(await queues.waiting('PaymentStat.parked')).toBe(1));
      const pages = await openBoth('/attention');
      const [retrying, discarding] = pages;
      await openDialog(retrying, /^Retry message/);
      await openDialog(discarding, /^Discard message/);

      await Promise.all([press(retrying, 'Retry'), press(discarding, 'Discard')]);

      const late = /0 messages were .* 1 message was not handled: no longer parked/;
      const outcomes = await Promise.all([
        outcomeOf(retrying, ['1 message was returned to the queue.', late]),
        outcomeOf(discarding, ['1 message was discarded.', late]),
      ]);
      expect(outcomes.filter((text) => text === late)).toHaveLength(1);
      // It is still not JSON: if it was retried, it is parked again.
      const left = outcomes[0] === late ? 0 : 1;
      await eventually(async () => expect(await queues.waiting('PaymentStat.parked')).toBe(left));
      for (const page of pages) await close(page);
      await shop.request('GET', '/parked-messages?limit=7'); // after it, no reader hides a message from the next round
    }
  });
});
