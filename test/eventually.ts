import { setTimeout as delay } from 'node:timers/promises';

/** Repeats an expectation until it holds. The default suits a busy machine; a test that passes does not wait longer. */
export async function eventually(check: () => void | Promise<void>, withinMs = 30_000): Promise<void> {
  for (const end = Date.now() + withinMs; ; await delay(20)) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
