import { setTimeout as delay } from 'node:timers/promises';

/** Waits until an expectation holds; as long as a busy machine may take, since what holds ends the wait. */
export async function eventually(check: () => void | Promise<void>, withinMs = 30_000): Promise<void> {
  for (const end = Date.now() + withinMs; ; await delay(20)) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
