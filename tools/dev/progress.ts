/** Tells the person at the keyboard what happens, a line at a time. */
export type Print = (line: string) => void;

const REMINDER_MS = 15_000;

/** Does something that takes long, saying so now and again. */
export async function withProgress<T>(print: Print, what: string, work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  const seconds = (): number => Math.round((Date.now() - began) / 1_000);
  print(`${what} …`);
  const reminder = setInterval(() => print(`  still at it, ${seconds()} s so far`), REMINDER_MS);
  try {
    const result = await work();
    print(`  done after ${seconds()} s`);
    return result;
  } finally {
    clearInterval(reminder);
  }
}
