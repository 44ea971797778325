import type { Browser, Locator, Page } from 'playwright-core';

// What every test of the console does with a page.

/** Creates a page in a browser of its own: it shares no credential with others. */
export const newPage = async (browser: Browser): Promise<Page> =>
  (await browser.newContext({ timezoneId: 'UTC', locale: 'en-US' })).newPage();

/** Opens a page of the console, and waits for its title. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await newPage(browser);
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

/** Closes a page and its browser. */
export const close = (page: Page): Promise<void> => page.context().close();

/** Waits until a place shows a text. */
export const shows = (place: Page | Locator, text: string | RegExp): Promise<void> =>
  place.getByText(text).first().waitFor();

/** Returns the titles of the steps that the page of an order shows, the oldest first. */
export const timelineOf = (page: Page): Promise<string[]> =>
  page.getByRole('list', { name: 'Timeline' }).locator('li > strong').allInnerTexts();
