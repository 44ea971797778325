import type { Page } from 'playwright-core';

/** Puts a page into the background, as another tab in front of it does: Playwright keeps every page visible. */
export const hide = (page: Page): Promise<void> => setVisibility(page, 'hidden');

/** Puts a page into the foreground again. */
export const reveal = (page: Page): Promise<void> => setVisibility(page, 'visible');

const setVisibility = (page: Page, state: 'hidden' | 'visible'): Promise<void> =>
  page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${state}' });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
