/**
 * Wraps a read so that concurrent calls share one. A read that hangs therefore accumulates no others.
 *
 * @param maxAgeMs how long a value is returned again without another read, in milliseconds
 */
export function shareReads<T>(read: () => Promise<T>, maxAgeMs = 0): () => Promise<T> {
  let pending: Promise<T> | null = null;
  let last: { value: T; readAtMs: number } | null = null;
  const readNow = async (): Promise<T> => {
    const value = await read();
    last = { value, readAtMs: performance.now() };
    return value;
  };
  return () => {
    if (last && performance.now() - last.readAtMs < maxAgeMs) return Promise.resolve(last.value);
    pending ??= readNow().finally(() => (pending = null));
    return pending;
  };
}
