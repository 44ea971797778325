import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PAYMENT_STAT, PROCESS_PAYMENT } from '@shop/amqp/topology';
import type { Browser, Locator, Page } from 'playwright-core';
import { accessibilityProblems } from '../test/axe';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { close, openPage, shows } from '../test/console-page';
import { ConsoleShop } from '../test/console-shop';
import { eventually } from '../test/eventually';

// Actions that are executed, although their answer never arrives: the page says so, and a second press changes nothing more.

const chromium = findChromium();
const describeInBrowser = chromium !== null || process.env['CI'] ? describe : describe.skip;

let shop: ConsoleShop;
let browser: Browser;

async function start(): Promise<void> {
  [shop, browser] = await Promise.all([ConsoleShop.start('console-answers'), startChromium(chromium)]);
  for (const route of [PAYMENT_STAT, PROCESS_PAYMENT]) await shop.queues.declare(route);
}

async function stop(): Promise<void> {
  await browser?.close();
  await shop?.end();
}

/** Opens a page of the console in a browser of its own. */
const open = (path: string): Promise<Page> => openPage(browser, shop.orders.url + path);

/** Opens the dialog of an action. @returns the dialog */
async function openDialog(page: Page, button: string | RegExp): Promise<Locator> {
  await page.getByRole('button', { name: button }).click();
  return page.getByRole('dialog');
}

const press = (dialog: Locator, action: string): Promise<void> =>
  dialog.getByRole('button', { name: action, exact: true }).click();

/** Executes the next request that changes something, and drops its answer. */
async function loseNextAnswer(page: Page): Promise<void> {
  let isLost = false;
  await page.route('**', async (route) => {
    if (isLost || route.request().method() === 'GET') return route.fallback();
    isLost = true;
    expect((await route.fetch()).ok()).toBe(true);
    await route.abort('connectionreset');
  });
}

/** Waits for the note that the outcome is unknown. */
async function isUncertain(place: Locator, ifRepeated: string): Promise<void> {
  const text = `The action may or may not have completed. You can press the button again: ${ifRepeated}`;
  await place.getByRole('alert').getByText(text).waitFor();
}

const readProduct = (productId: string): Promise<{ quantityAvailable: number; price: number; retired: boolean }> =>
  shop.orders.request('GET', `/product/${productId}`);

describeInBrowser(
  `an action without an answer${chromium === null ? ' (skipped: Chromium is not installed)' : ''}`,
  () => {
    beforeAll(start);
    afterAll(stop);

    test('cancels an order once', async () => {
      const mug = await shop.aProduct('Mug');
      shop.payments.send('SIGSTOP');
      const orderId = await shop.place(mug, 1);
      const page = await open(`/orders/${orderId}`);
      const dialog = await openDialog(page, 'Cancel the order');
      await loseNextAnswer(page);

      await press(dialog, 'Cancel the order');
      await isUncertain(dialog, 'an order is cancelled only once.');
      expect(await accessibilityProblems(page)).toEqual([]);
      await shop.becomes(orderId, 'cancelled');
      await press(dialog, 'Cancel the order');

      await shows(dialog, `Order ${orderId} is already cancelled and cannot be cancelled.`);
      shop.payments.send('SIGCONT');
      expect((await shop.stepsOf(orderId)).filter((step) => step === 'cancel-requested')).toHaveLength(1);
      await close(page);
    });

    test('refunds a payment once', async () => {
      const orderId = await shop.placeShipped(await shop.aProduct('Cup'));
      const page = await open(`/orders/${orderId}`);
      const dialog = await openDialog(page, 'Refund the payment');
      await loseNextAnswer(page);

      await press(dialog, 'Refund the payment');
      await isUncertain(dialog, 'a payment is refunded only once.');
      await press(dialog, 'Refund the payment');

      await shows(page, /The payment of order .* (is being|was) refunded\./);
      await eventually(async () => expect(await shop.stepsOf(orderId)).toContain('refunded'));
      expect((await shop.stepsOf(orderId)).filter((step) => step.startsWith('refund'))).toEqual([
        'refund-due',
        'refunded',
      ]);
      await close(page);
    });

    test('changes the stock once, also if the number is changed before the second press', async () => {
      const bowl = await shop.aProduct('Bowl', 5);
      const page = await open('/catalog');
      const dialog = await openDialog(page, 'Restock Bowl');
      await dialog.getByLabel('Units to add').fill('7');
      await loseNextAnswer(page);

      await press(dialog, 'Change the stock');
      await isUncertain(dialog, 'the stock changes only once, unless you close this dialog first.');
      await page.locator('tr', { hasText: 'Bowl' }).getByText('12', { exact: true }).waitFor(); // behind the dialog
      await dialog.getByLabel('Units to add').fill('8');
      await press(dialog, 'Change the stock');
      await dialog.getByRole('alert').getByText('The stock of Bowl was changed already.').waitFor();
      await dialog.getByLabel('Units to add').fill('7');
      await press(dialog, 'Change the stock');

      await shows(page, 'Bowl now has 12 units.');
      expect(await readProduct(bowl)).toMatchObject({ quantityAvailable: 12 });
      await close(page);
    });

    test('sets a price, and does not mistake its own price for that of somebody else', async () => {
      const plate = await shop.aProduct('Plate');
      const page = await open('/catalog');
      const dialog = await openDialog(page, 'Reprice Plate');
      await dialog.getByLabel('New price in dollars').fill('12.50');
      await loseNextAnswer(page);

      await press(dialog, 'Change the price');
      await isUncertain(dialog, 'a price that somebody else has set meanwhile is not changed.');
      await press(dialog, 'Change the price');

      await shows(page, 'Plate now costs $12.50.');
      expect(await readProduct(plate)).toMatchObject({ price: 12.5 });
      await close(page);
    });

    test('changes no price if the current one cannot be read', async () => {
      const jug = await shop.aProduct('Jug');
      const page = await open('/catalog');
      const dialog = await openDialog(page, 'Reprice Jug');
      await page.route(`**/product/${jug}`, (route) =>
        route.request().method() === 'GET' ? route.abort('connectionreset') : route.fallback(),
      );

      await dialog.getByLabel('New price in dollars').fill('12.50');
      await press(dialog, 'Change the price');

      await dialog.getByRole('alert').getByText('The server cannot be reached.').waitFor();
      expect(await readProduct(jug)).toMatchObject({ price: 45 });
      await close(page);
    });

    test('retires a product, and sells it again', async () => {
      const lamp = await shop.aProduct('Lamp');
      const page = await open('/catalog');
      const dialog = await openDialog(page, 'Retire Lamp');
      await loseNextAnswer(page);

      await press(dialog, 'Retire');
      await isUncertain(dialog, 'a product that is retired already does not change.');
      await press(dialog, 'Retire');

      await shows(page, 'Lamp is no longer sold.');
      expect(await readProduct(lamp)).toMatchObject({ retired: true });
      await close(page);
    });

    test('places one order', async () => {
      const vase = await shop.aProduct('Vase', 10);
      const page = await open('/place');
      await page.getByRole('radio').first().check();
      await page.getByLabel('Quantity of Vase').fill('1');
      await loseNextAnswer(page);

      await page.getByRole('button', { name: 'Place the order' }).click();
      await isUncertain(
        page.locator('form'),
        'no second order is placed unless you change the order or leave the page.',
      );
      await page.getByRole('button', { name: 'Place the order' }).click();

      await shows(page, 'The order is settled: shipped.');
      expect(await readProduct(vase)).toMatchObject({ quantityAvailable: 9 });
      await close(page);
    });

    test('retries and discards a parked message, and says that it is no longer parked', async () => {
      for (const [action, ifRepeated] of [
        ['Retry', 'a message that is no longer parked is not retried.'],
        ['Discard', 'no other message is deleted.'],
      ] as const) {
        await shop.queues.send(PAYMENT_STAT, 'not json');
        await eventually(async () => expect(await shop.queues.waiting('PaymentStat.parked')).toBe(1));
        const page = await open('/attention');
        const dialog = await openDialog(page, new RegExp(`^${action} message`));
        await loseNextAnswer(page);

        await press(dialog, action);
        await isUncertain(dialog, ifRepeated);
        if (action === 'Retry') {
          await eventually(async () => expect(await shop.queues.waiting('PaymentStat.parked')).toBe(1)); // parked again
        }
        await press(dialog, action);

        await shows(page, /0 messages were .* 1 message was not handled: no longer parked/);
        const left = action === 'Retry' ? 1 : 0;
        expect(await shop.queues.waiting('PaymentStat.parked')).toBe(left);
        await shop.queues.declare(PAYMENT_STAT);
        await close(page);
      }
    });
  },
);
