import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { findProgram } from './programs';

/** The names of Chromium and Chrome on the PATH of Linux distributions. */
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const FOLDERS = [join('/Applications', 'Google Chrome.app', 'Contents', 'MacOS')];

/** Finds a Chromium that is installed; null if there is none. */
export const findChromium = (): string | null =>
  [...PROGRAMS, 'Google Chrome'].map((name) => findProgram(name, { after: FOLDERS })).find((path) => path !== null) ??
  null;

/**
 * Starts Chromium without a window.
 *
 * @param executablePath as `findChromium` returns it
 * @throws {Error} if there is none
 */
export async function startChromium(executablePath: string | null): Promise<Browser> {
  if (executablePath === null) throw new Error(`Install Chromium or Chrome: none of ${PROGRAMS.join(', ')} was found.`);
  // Chromium refuses to run as root with its sandbox. The tests and benches open only pages of servers that they started.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}
