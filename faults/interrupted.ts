/**
 * Waits for something, or for a SIGINT or SIGTERM, of which only the first counts: what was started is stopped after it.
 *
 * @throws where it was interrupted; what was waited for goes on
 */
export async function untilInterrupted<T>(done: Promise<T>): Promise<T> {
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => reject(new Error(signal)));
  });
  return Promise.race([done, interrupted]);
}
