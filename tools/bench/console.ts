import { resolve } from 'node:path';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { seedOrders } from '@shop/dev/seeded-orders';
import { integer, readEnvironment, readOrExit } from '@shop/runtime/environment';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { startOurs } from './candidates/candidates';
import { printProgress, type BenchEnvironment } from './environment/bench-environment';
import { runBenchmark } from './environment/run-benchmark';
import { quantile } from './measurement/statistics';
import { markdownTable } from './report/report';

// Implements `make bench-console`: opens each page of the console in Chromium, while the database has many orders.
const { ORDERS } = readOrExit(() => readEnvironment(z.object({ ORDERS: integer(100_000, 1_000, 10_000_000) })));
const VISITS = 20;
const LIMIT_MS = 1_000;

/**
 * Resolves when the page is interactive: its title is shown, nothing on it is loading, and the browser has painted it. Its
 * controls then have their event handlers, because the same code renders both. The ms count from the start of the navigation.
 */
const INTERACTIVE_AFTER_MS = `window.interactiveAfterMs = new Promise((resolve) => {
  const check = () => {
    const isLoaded = document.querySelector('h1') !== null && document.querySelector('.loading') === null;
    requestAnimationFrame(isLoaded ? () => setTimeout(() => resolve(performance.now())) : check);
  };
  check();
})`;

async function benchConsole(environment: BenchEnvironment): Promise<boolean> {
  const shop = await startOurs(environment, undefined, async (databaseUrl) => {
    printProgress(`Seeding ${ORDERS} orders`);
    await seedOrders(databaseUrl, { orders: ORDERS, seed: 1 });
  });
  await shop.inspector.close();
  const [latest] = (await (await fetch(`${shop.url}?limit=1`)).json()) as { orderId: string }[];
  const order = `/orders/${latest!.orderId}`;
  const paths = ['/orders', order, '/place', '/catalog', '/customers', '/attention', '/today'];
  const { origin } = new URL(shop.url);
  const rows: [path: string, times: number[]][] = [];
  const browser = await startChromium(findChromium());
  try {
    await visit(browser, origin + paths[0]!); // starts the processes of the browser
    for (const path of paths) {
      printProgress(`Opening ${path}`);
      const times: number[] = [];
      for (let visits = 0; visits < VISITS; visits++) times.push(await visit(browser, origin + path));
      rows.push([path, times]);
    }
  } finally {
    await browser.close();
  }
  process.stdout.write(
    `${markdownTable(
      ['page', 'median, ms', 'maximum, ms'],
      rows.map(([path, times]) => [
        path === order ? '/orders/<id>' : path,
        milliseconds(times, 0.5),
        milliseconds(times, 1),
      ]),
    )}\n\n${ORDERS} orders, ${VISITS} first visits of each page. Limit: ${LIMIT_MS} ms for the median.\n`,
  );
  return rows.every(([, times]) => quantile(times, 0.5) < LIMIT_MS);
}

const milliseconds = (times: number[], share: number): string => quantile(times, share).toFixed(0);

/** Opens a page with an empty cache. @returns the ms until it was interactive */
async function visit(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript(INTERACTIVE_AFTER_MS);
    await page.goto(url);
    return await page.evaluate<number>('window.interactiveAfterMs');
  } finally {
    await context.close();
  }
}

void runBenchmark(resolve('.data', 'bench', 'console'), ['ours'], benchConsole);
