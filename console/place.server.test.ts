import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findChromium, startChromium } from '@shop/dev/chromium';
import type { Browser, Locator, Page } from 'playwright-core';
import { callService } from '../test/call';
import { newPage } from '../test/console-page';
import { ConsoleShop } from '../test/console-shop';
import { eventually } from '../test/eventually';

// Places orders while prices, stock and customers change.

const chromium = findChromium();
const describeInBrowser = chromium !== null || process.env['CI'] ? describe : describe.skip;

let shop: ConsoleShop;
let browser: Browser;
let page: Page;

async function start(): Promise<void> {
  [shop, browser] = await Promise.all([ConsoleShop.start('console-place'), startChromium(chromium)]);
  const bo = { firstName: 'Bo', lastName: 'Ek', email: 'bo@example.com' };
  await shop.orders.request('POST', '/customer', bo);
}

async function stop(): Promise<void> {
  await browser?.close();
  await shop?.end();
}

const order = (): Locator => page.getByRole('region', { name: 'The order' });

const button = (name: string): Locator => page.getByRole('button', { name, exact: true });

/** Opens the page again, so that it has the products that a test has added. */
async function open(): Promise<void> {
  await page.goto(`${shop.orders.url}/place`);
  await button('Place the order').waitFor();
}

/** Chooses a customer and one product, and waits until the page has read its price. */
async function choose(customer: RegExp, product: string): Promise<void> {
  await page.getByRole('radio', { name: customer }).check();
  const read = page.waitForResponse((response) => response.url().includes('product_id='));
  await page.getByLabel(`Quantity of ${product}`).fill('1');
  await (await read).finished();
}

describeInBrowser(`placing an order${chromium === null ? ' (skipped: Chromium is not installed)' : ''}`, () => {
  beforeAll(start);
  afterAll(stop);
  beforeAll(async () => {
    page = await newPage(browser);
  });

  test('shows who the order is for while others are searched for, and chooses nobody for the next one', async () => {
    await shop.aProduct('Mug');
    await open();

    await choose(/^Bo Ek/, 'Mug');
    await page.getByLabel('Find by name, e-mail or id').fill('john');
    await page.getByRole('radio', { name: /^John Doe/ }).waitFor();
    await page.getByRole('radio', { name: /^Bo Ek/ }).waitFor({ state: 'detached' });
    await order().getByText('For Bo Ek, bo@example.com').waitFor();
    await order().getByText('1 × Mug, $45.00').waitFor();
    await button('Place the order').click();

    await page.getByText('For Bo Ek, bo@example.com: 1 × Mug, $45.00').waitFor();
    await order().getByText('Choose a customer.').waitFor();
    await page.getByRole('radio', { name: /^Bo Ek/ }).waitFor();
    expect(await page.locator('input[type=radio]:checked').count()).toBe(0);
    await page.getByLabel('Quantity of Mug').fill('1');
    expect(await button('Place the order').isDisabled()).toBe(true);
  });

  test('says that a shipped order is shipped, whatever happens to it later', async () => {
    await shop.aProduct('Cup');
    await open();
    await choose(/^Bo Ek/, 'Cup');
    await button('Place the order').click();
    await page.getByText('The order is settled: shipped.').waitFor();
    const link = page.getByRole('heading', { level: 2 }).getByRole('link');
    const orderId = (await link.getAttribute('href'))!.replace('/orders/', '');

    await callService(shop.orders, 'POST', `/orderManagement/order/${orderId}/refund`, { reason: 'Damaged' });

    await page.getByRole('list', { name: 'Timeline' }).getByText('Refunded', { exact: true }).waitFor();
    expect(await page.getByText(/^The order is settled/).innerText()).toBe('The order is settled: shipped.');
  });

  test('names a chosen product that is no longer sold, also if it is not listed, and removes it', async () => {
    await shop.aProduct('Jug');
    const lamp = await shop.aProduct('Lamp');
    await open();
    await choose(/^Bo Ek/, 'Lamp');
    await page.getByLabel('Find by name or type').fill('jug');
    await page.getByLabel('Quantity of Jug').fill('2');
    await page.getByLabel('Quantity of Lamp').waitFor({ state: 'detached' });

    await callService(shop.orders, 'POST', `/orderManagement/product/${lamp}/retire`);
    await button('Place the order').click();

    await page.getByRole('alert').getByText('A product of the order is retired').waitFor();
    await order().getByText('1 × Lamp, $45.00 no longer sold').waitFor();
    await order().getByText('$135.00', { exact: true }).waitFor();
    await button('Remove Lamp').click();
    await order().getByText('2 × Jug, $90.00').waitFor();
    await order().getByText('$90.00', { exact: true }).waitFor();
    await button('Place the order').click();
    await page.getByText('The order is settled: shipped.').waitFor();
  });

  test('shows the current price, also of a chosen product that is not listed', async () => {
    await shop.aProduct('Vase');
    const plate = await shop.aProduct('Plate');
    await page.clock.install();
    await open();
    await choose(/^Bo Ek/, 'Plate');
    await page.getByLabel('Find by name or type').fill('vase');
    await page.getByLabel('Quantity of Plate').waitFor({ state: 'detached' });

    await shop.orders.request('PATCH', `/product/${plate}`, { price: 50 });
    await eventually(async () => {
      await page.clock.fastForward(30_000);
      expect(await order().getByText('1 × Plate, $50.00').count()).toBe(1);
    });

    await order().getByText('$50.00', { exact: true }).waitFor();
    await page.clock.resume();
  });

  test('says what the order costs if a price has changed before the order is accepted', async () => {
    const bowl = await shop.aProduct('Bowl');
    await open();
    await choose(/^Bo Ek/, 'Bowl');
    await order().getByText('1 × Bowl, $45.00').waitFor();

    await shop.orders.request('PATCH', `/product/${bowl}`, { price: 40 });
    await button('Place the order').click();

    await page.getByText('The total is $40.00 instead of $45.00').waitFor();
  });

  test('gives the focus to the order that was placed', async () => {
    await shop.aProduct('Tray');
    await open();
    await choose(/^Bo Ek/, 'Tray');
    await page.keyboard.press('Enter');

    await page.getByText('The order is settled: shipped.').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toMatch(/^Order [0-9a-f]{8}$/);
  });
});
