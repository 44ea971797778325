import { INSTANCES } from '@shop/cluster/layout';
import { findChromium, startChromium } from '@shop/dev/chromium';
import { SERVICES } from '@shop/dev/service-program';
import type { Browser, Page } from 'playwright-core';

/** A person who uses the console of a cluster, in Chromium. Each step fails if the console does not show its result within 30 s. */
export class ConsoleVisit {
  private constructor(
    private readonly browser: Browser,
    private readonly page: Page,
  ) {}

  /** Opens the console. @returns null if Chromium is not installed; in CI, that is an error */
  static async begin(url: string): Promise<ConsoleVisit | null> {
    const chromium = findChromium();
    if (chromium === null && !process.env['CI']) return null;
    const browser = await startChromium(chromium);
    const page = await browser.newPage();
    await page.goto(url);
    return new ConsoleVisit(browser, page);
  }

  /** Waits until the list of orders receives events. */
  async waitUntilLive(): Promise<void> {
    await this.go('Orders');
    await this.page.getByText('● Live').waitFor();
  }

  /** Places an order for one unit of a product, and waits until it is shipped. */
  async placeOrder(product: string): Promise<void> {
    await this.go('Place an order');
    await this.page.getByRole('radio').first().check();
    await this.page.getByLabel('Find by name or type').fill(product);
    await this.page.getByLabel(`Quantity of ${product}`).first().fill('1');
    await this.page.getByRole('button', { name: 'Place the order' }).click();
    await this.page.getByText('The order is settled: shipped.').waitFor();
  }

  /** Waits until all instances of both services are shown as ready, with their builds. @returns the builds */
  async waitForInstances(): Promise<string[]> {
    await this.go('Attention');
    const builds = new Set<string>();
    for (const service of SERVICES) {
      const section = this.page.getByRole('region', { name: `Instances of ${service}`, exact: true });
      const ready = section.getByRole('row').filter({ hasText: 'ready' });
      await ready.nth(INSTANCES.length - 1).waitFor();
      for (const build of await ready.locator('[data-label="Build"]').allInnerTexts()) builds.add(build);
    }
    return [...builds];
  }

  end(): Promise<void> {
    return this.browser.close();
  }

  private go(name: string): Promise<void> {
    return this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click();
  }
}
