/** Tells the person at the keyboard what happens, a line at a time. */
export type Say = (line: string) => void;

const REMINDER_MS = 15_000;

/** Does something that takes long, saying so now and again. */
export async function sayWhile<T>(say: Say, what: string, work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  const seconds = (): number => Math.round((Date.now() - began) / 1_000);
  say(`${what} …`);
  const reminder = setInterval(() => say(`  still at it, ${seconds()} s so far`), REMINDER_MS);
  try {
    const result = await work();
    say(`  done after ${seconds()} s`);
    return result;
  } finally {
    clearInterval(reminder);
  }
}
