import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findHaproxy } from '@shop/cluster/programs';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../test/axe';
import { BalancedShop } from '../test/balanced-shop';
import { close, newPage } from '../test/console-page';
import { eventually } from '../test/eventually';
import { hide, reveal } from '../test/tab';

// The console behind the load balancer with AUTH=api-keys: what each role sees, and what its credential cannot do.

const chromium = findChromium();
const missing = [chromium === null && 'Chromium', findHaproxy() === null && 'HAProxy'].filter(Boolean).join(' and ');
const describeInBrowser = missing === '' || process.env['CI'] ? describe : describe.skip;

let shop: BalancedShop;
let browser: Browser;
let keys: Record<'operator' | 'catalog' | 'customer', string>;
let own: string;
let foreign: string;

async function start(): Promise<void> {
  [shop, browser] = await Promise.all([
    BalancedShop.start('console-roles', { AUTH: 'api-keys' }),
    startChromium(chromium),
  ]);
  const { customerId } = PREDEFINED_CUSTOMER;
  keys = {
    operator: await shop.anApiKey({ name: 'ann' }),
    catalog: await shop.anApiKey({ role: 'catalog' }),
    customer: await shop.anApiKey({ role: 'customer', customerId }),
  };
  shop.credential = keys.operator;
  const bo = { firstName: 'Bo', lastName: 'Ek', email: 'bo@example.com' };
  const other = await shop.request<typeof PREDEFINED_CUSTOMER>('POST', '/customer', bo);
  const mug = await shop.aProduct('Mug');
  [own, foreign] = await Promise.all([shop.placeShipped(mug), shop.placeShipped(mug, other)]);
}

async function stop(): Promise<void> {
  await browser?.close();
  await shop?.end();
}

/** What the browser requested and reported since the test began. */
let requested: URL[] = [];
let reported: string[] = [];

async function open(path: string): Promise<Page> {
  const page = await newPage(browser);
  page.context().on('request', (request) => requested.push(new URL(request.url())));
  page.on('console', (message) => message.type() === 'error' && reported.push(message.text()));
  await page.goto(shop.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

async function enter(page: Page, credential: string): Promise<void> {
  await page.getByLabel('API key or token').fill(credential);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Opens a page and signs in. */
async function openAs(role: keyof typeof keys, path: string): Promise<Page> {
  const page = await open(path);
  await enter(page, keys[role]);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await eventually(async () => expect(await page.locator('.loading').count()).toBe(0));
  reported = []; // without a credential, the first response was 401
  return page;
}

const menu = (page: Page): Promise<string[]> =>
  page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts();

/** Follows a link of the menu, and waits until its page is loaded. */
async function go(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  await eventually(async () => expect(await page.locator('.loading').count()).toBe(0));
}

/** Opens another address of the console, as a person who types it. */
async function visit(page: Page, path: string): Promise<void> {
  await page.goto(shop.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
}

/** Sends a request with a credential, as a script of the page could. @returns the status of the response */
async function statusFor(role: keyof typeof keys, method: string, path: string): Promise<number> {
  const headers = { Authorization: `Bearer ${keys[role]}` };
  const { status, body } = await fetch(`${shop.url}/orderManagement${path}`, { method, headers });
  await body?.cancel();
  return status;
}

describeInBrowser(`the console with authentication${missing && ` (skipped: ${missing} is not installed)`}`, () => {
  beforeAll(start);
  afterAll(stop);
  beforeEach(() => {
    [requested, reported] = [[], []];
  });

  test('shows nothing but the sign-in without a credential, at every address', async () => {
    const page = await open('/');

    for (const path of ['/orders', `/orders/${own}`, '/place', '/catalog', '/customers', '/attention', '/today']) {
      await visit(page, path);
      expect(await page.getByRole('heading').allInnerTexts()).toEqual(['Sign in']);
      expect(await page.getByRole('navigation').count()).toBe(0);
    }
    expect(await accessibilityProblems(page)).toEqual([]);
    const orders = requested.filter(
      ({ pathname }) => /order\b/.test(pathname) && pathname.startsWith('/orderManagement'),
    );
    expect(orders).toEqual([]); // the page does not even try
    await close(page);
  });

  test('says why a wrong, an expired and a revoked key are refused, and keeps none of them', async () => {
    const expired = await shop.anApiKey({ expiresAt: new Date(Date.now() - 1_000) });
    const revoked = await shop.anApiKey();
    await shop.revoke(revoked);
    const page = await open('/orders');

    for (const [credential, reason] of [
      ['wrong', 'no valid credential'],
      [`${keys.operator.slice(0, -43)}${'A'.repeat(43)}`, 'The API key is not valid.'],
      [expired, / expired at /],
      [revoked, / was revoked/],
      [`${keys.operator} ${keys.operator}`, 'It contains white space (U+0020).'],
      [`${keys.operator}ж`, 'It contains a character that no key or token has (U+0436).'],
    ] as const) {
      await enter(page, credential);
      await page.getByRole('alert').getByText(reason).waitFor();
    }

    expect(await page.evaluate('[localStorage.length, sessionStorage.length]')).toEqual([0, 0]);
    expect(await page.getByLabel('API key or token').getAttribute('type')).toBe('password');
    await enter(page, ` ${keys.operator}\u00a0`);
    await page.getByText('2 orders').waitFor();
    await close(page);
  });

  test('returns to the sign-in when the key in use is revoked', async () => {
    const key = await shop.anApiKey();
    const page = await open('/attention');
    await enter(page, key);
    await page.getByRole('heading', { name: 'Attention' }).waitFor();

    await shop.revoke(key);

    await page.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: 30_000 });
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    expect(await page.getByText('Mug').count()).toBe(0);
    await close(page);
  });

  test('returns to the sign-in when the stream of events refuses the key', async () => {
    const key = await shop.anApiKey();
    const page = await open('/orders'); // loads nothing but events
    await enter(page, key);
    await page.getByText('● Live').waitFor();
    await hide(page);
    await shop.revoke(key);
    await delay(6_000); // instances remember a key for 5 s

    await reveal(page);

    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await close(page);
  });

  test('a key that payment-processing does not know shows the console without payments', async () => {
    const page = await open(`/orders/${own}`);
    await enter(page, await shop.anApiKey({ isOfOrders: true }));
    const advice = 'Sign in with a credential that both services accept.';

    await page.getByRole('alert').getByText(advice).waitFor();
    await page.getByRole('list', { name: 'Timeline' }).getByText('Shipped').waitFor();
    await go(page, 'Attention');
    const parkedOf = (service: string) => page.getByRole('region', { name: `Parked messages of ${service}` });
    await parkedOf('payment-processing').getByRole('alert').getByText(advice).waitFor();
    await parkedOf('order-management').getByText('No message is parked.').waitFor();
    await page.reload();

    await page.getByRole('heading', { name: 'Attention' }).waitFor();
    await parkedOf('payment-processing').getByRole('alert').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await close(page);
  });

  test('signs out: the credential is forgotten, and the back button shows no data', async () => {
    const page = await openAs('operator', '/catalog');
    await go(page, 'Orders');
    await page.getByText('2 orders').waitFor();
    expect(await page.evaluate('localStorage.length')).toBe(0);
    expect(await page.context().cookies()).toEqual([]);

    await page.getByRole('button', { name: 'Sign out' }).click();

    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('[localStorage.length, sessionStorage.length]')).toEqual([0, 0]);
    await page.goBack();
    expect(await page.getByRole('heading').allInnerTexts()).toEqual(['Sign in']);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await close(page);
  });

  test('signs out a tab that was not used for an hour, also if it is reopened later', async () => {
    const page = await openAs('operator', '/orders');
    const setIdle = (minutes: number) =>
      page.evaluate(`sessionStorage.setItem('used-at', String(Date.now() - ${minutes} * 60_000))`);
    await setIdle(59);
    await page.reload();
    await page.getByText('2 orders').waitFor();

    await setIdle(61);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);

    await enter(page, keys.operator);
    await page.getByText('2 orders').waitFor();
    await setIdle(61);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: 15_000 }); // without a reload

    await enter(page, keys.operator);
    await page.getByText('2 orders').waitFor();
    await setIdle(59);
    await page.keyboard.press('Shift');
    expect(await page.evaluate("Date.now() - sessionStorage.getItem('used-at') < 60_000")).toBe(true);
    await close(page);
  });

  test('does not share the credential with another tab', async () => {
    const page = await openAs('operator', '/orders');

    const other = await page.context().newPage();
    await other.goto(shop.url + '/orders');

    await other.getByRole('heading', { name: 'Sign in' }).waitFor();
    await close(page);
  });

  test('an operator sees every page, and who acted', async () => {
    const page = await openAs('operator', '/orders');

    expect(await menu(page)).toEqual(['Orders', 'Place an order', 'Catalog', 'Customers', 'Attention', 'Today']);
    for (const name of await menu(page)) await go(page, name);
    expect(await page.getByRole('alert').count()).toBe(0);
    await visit(page, `/orders/${own}`);
    await page.getByRole('button', { name: 'Refund the payment' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Refund the payment' }).click();
    await page
      .getByRole('list', { name: 'Timeline' })
      .getByText(`by api-key:${keys.operator.split('_')[1]}`)
      .first()
      .waitFor();
    expect(reported).toEqual([]);
    await close(page);
  });

  test('the role catalog sees the catalog and changes it, and nothing of orders', async () => {
    const page = await openAs('catalog', '/');

    expect(await menu(page)).toEqual(['Catalog']);
    await page.getByRole('button', { name: 'Restock Mug' }).click();
    await page.getByLabel('Units to add').fill('1');
    await page.getByRole('button', { name: 'Change the stock' }).click();
    await page.getByText(/Mug now has \d+ units\./).waitFor();
    expect(await page.getByRole('main').getByRole('link').count()).toBe(0); // to orders, which it may not see
    for (const path of ['/orders', `/orders/${own}`, '/place', '/customers', '/attention', '/today']) {
      await visit(page, path);
      await page.getByText(/needs the role operator.*This credential has the role catalog\./).waitFor();
    }
    for (const path of ['/order', `/order/${own}`, '/customers', '/refunds', '/parked-messages', '/order/events']) {
      expect([path, await statusFor('catalog', 'GET', path)]).toEqual([path, 403]);
    }
    await close(page);
  });

  test('a customer sees its own orders only, and cannot change the catalog or refund', async () => {
    const page = await openAs('customer', '/');

    expect(await menu(page)).toEqual(['Orders', 'Place an order', 'Catalog']);
    await page.getByText('1 order', { exact: true }).waitFor();
    await page.getByText('● Live').waitFor();
    await visit(page, `/orders/${own}`);
    await page.getByRole('list', { name: 'Timeline' }).getByText('Shipped').waitFor();
    expect(await page.getByRole('button').allInnerTexts()).toEqual(['Sign out']);
    expect(await page.getByText('Temporal').count()).toBe(0);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(reported).toEqual([]);

    await go(page, 'Catalog');
    await page.getByText('Mug').waitFor();
    expect(await page.getByRole('button', { name: /Restock|Reprice|Retire/ }).count()).toBe(0);
    expect(await page.getByRole('combobox', { name: 'Show' }).count()).toBe(0); // retired products are not for customers
    await visit(page, `/orders/${foreign}`);
    await page.getByRole('alert').getByText(foreign).waitFor(); // as if it did not exist
    for (const path of ['/customers', '/attention', '/today']) {
      await visit(page, path);
      await page.getByText('The page needs the role operator. This credential has the role customer.').waitFor();
    }
    for (const [method, path, status] of [
      ['GET', `/order/${foreign}`, 404],
      ['POST', `/order/${foreign}/cancel`, 404],
      ['POST', `/order/${own}/refund`, 403],
      ['DELETE', `/order/${own}`, 403],
      ['POST', '/parked-messages/retry', 403],
      ['GET', '/statistics', 403],
      ['POST', '/product', 403],
    ] as const) {
      const answered = await statusFor('customer', method, path);
      expect([method, path, answered]).toEqual([method, path, status]);
    }
    await close(page);
  });

  test('a customer places an order for itself, and follows it', async () => {
    const page = await openAs('customer', '/place');

    expect(await page.getByRole('radio').count()).toBe(0); // there is no customer to choose
    await page.getByLabel('Quantity of Mug').fill('1');
    await page.getByRole('button', { name: 'Place the order' }).click();

    await page.getByText('The order is settled: shipped.').waitFor();
    expect(reported).toEqual([]);
    await close(page);
  });

  test('sends requests to the services only, and none with the credential in an address', async () => {
    const page = await openAs('operator', '/orders');

    for (const name of await menu(page)) await go(page, name);
    await visit(page, `/orders/${own}`);
    await page.getByText('Refunded').first().waitFor();

    expect(requested.length).toBeGreaterThan(20);
    const origins = requested.filter(({ protocol }) => protocol !== 'data:').map(({ origin }) => origin);
    expect([...new Set(origins)]).toEqual([shop.url]);
    expect(requested.filter(({ href }) => href.includes(keys.operator))).toEqual([]);
    expect(new Set(requested.map(({ pathname }) => pathname.split('/')[1]))).toContain('paymentProcessing');
    await close(page);
  });

  describe('a script that was injected into the page', () => {
    let elsewhere: Server;
    let stolen: string[];
    let elsewhereUrl: string;
    beforeAll(async () => {
      elsewhere = createServer((request, response) => {
        stolen.push(request.url ?? '');
        response.setHeader('Access-Control-Allow-Origin', '*').end();
      }).listen(0, '127.0.0.1');
      await once(elsewhere, 'listening');
      elsewhereUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    });
    beforeEach(() => {
      stolen = [];
    });
    afterAll(() => void elsewhere.close());

    test('does not run: neither inline, nor in an attribute, nor from another origin', async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && reported.push(message.text()));
      await page.route(`${shop.url}/orders`, async (route) => {
        const response = await route.fetch();
        const injected = `<script>window.ran = 'inline'</script><img src="data:," onerror="window.ran = 'attribute'">
          <script src="${elsewhereUrl}/script.js"></script><iframe src="${elsewhereUrl}/frame"></iframe>`;
        const body = (await response.text()).replace('</body>', `${injected}</body>`);
        expect(body).toContain(injected);
        await route.fulfill({ response, body });
      });

      await page.goto(`${shop.url}/orders`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();

      await eventually(() => expect(reported.filter((text) => /Content Security Policy/.test(text)).length).toBe(4));
      expect(await page.evaluate('window.ran')).toBeUndefined();
      expect(stolen).toEqual([]);
      await close(page);
    });

    test('could not send the credential elsewhere, nor turn text into HTML', async () => {
      const page = await openAs('operator', '/orders');

      const attempts = {
        request: `fetch('${elsewhereUrl}/fetch', { mode: 'no-cors' })`,
        image: `new Promise((resolve, reject) => {
          const image = new Image();
          [image.onload, image.onerror] = [resolve, reject];
          image.src = '${elsewhereUrl}/image';
        })`,
        html: `(document.body.innerHTML = '<b>text</b>')`,
      };
      for (const [name, script] of Object.entries(attempts)) {
        const outcome = await page.evaluate(`(async () => { await ${script}; })().then(() => 'done', () => 'refused')`);
        expect([name, outcome]).toEqual([name, 'refused']);
      }
      expect(stolen).toEqual([]);
      await close(page);
    });
  });
});
