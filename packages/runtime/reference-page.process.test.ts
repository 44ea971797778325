import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { anOperation } from '../../test/an-operation';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { silentLog } from '../../test/silent-log';
import { createHttpApp, serveHttp } from './http-server';

let server: Awaited<ReturnType<typeof serveHttp>>;
let url: string;

beforeAll(async () => {
  const app = createHttpApp({
    log: silentLog,
    prefixes: ['/shop'],
    operations: [anOperation({ method: 'get', path: '/thing', handle: ({ response }) => void response.end() })],
    readiness: async () => ({ ready: true, checks: {} }),
  });
  server = await serveHttp(app, 0);
  url = `http://localhost:${server.port}`;
});
afterAll(() => server.stop());

test('the reference page permits no script and no file of another host', async () => {
  const { headers } = await fetch(`${url}/docs`);

  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
});

test.each(['../package.json', 'package.json', '__proto__', 'toString'])('serves no other file: %s', async (file) => {
  expect((await fetch(`${url}/docs/${encodeURIComponent(file)}`)).status).toBe(404);
});

const chromium = findChromium();
const describeInBrowser = chromium !== null || process.env['CI'] ? describe : describe.skip;

describeInBrowser(`in a browser${chromium === null ? ' (skipped: Chromium is not installed)' : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await startChromium(chromium)));
  afterAll(() => browser.close());

  test.each(['/docs', '/docs/'])('%s shows every operation and requests nothing from another host', async (path) => {
    const page = await browser.newPage();
    const requested: string[] = [];
    const refused: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    page.on('console', (message) => void (message.type() === 'error' && refused.push(message.text())));

    await page.goto(url + path);
    await page.getByText('/shop/thing').first().waitFor();
    await page.getByText('/shop/thing').first().click();
    await page.getByText('unknown-query-parameter').first().waitFor();

    expect(requested.filter((one) => !one.startsWith(`${url}/`) && !one.startsWith('data:'))).toEqual([]);
    expect(refused).toEqual([]);
    await page.close();
  });
});
