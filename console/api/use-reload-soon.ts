import { useCallback, useEffect, useRef } from 'preact/hooks';
import type { Loaded } from './use-load';

const AT_MOST_EVERY_MS = 500;

/**
 * Returns a function that loads again soon. Many calls in a short time cause one load, and none interrupts a load that is in
 * flight: in a busy shop, events arrive faster than a page loads.
 */
export function useReloadSoon(loaded: Pick<Loaded<unknown>, 'isLoading' | 'reload'>): () => void {
  const latest = useRef(loaded);
  latest.current = loaded;
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    const run = (): void => {
      timer.current = undefined;
      if (latest.current.isLoading) timer.current = setTimeout(run, AT_MOST_EVERY_MS);
      else latest.current.reload();
    };
    timer.current ??= setTimeout(run, AT_MOST_EVERY_MS);
  }, []);
}
