import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Loaded } from '../api/use-load';
import { ProblemNote } from './problem-note';

interface LoadStateProps<T> {
  loaded: Loaded<T>;
  /** Names what is loaded, for readers of the screen. */
  what: string;
  children: (data: T) => ComponentChildren;
}

/**
 * Shows data that is loaded, that it is being loaded, or why it cannot be loaded. Earlier data stays below a problem. While
 * something else is loaded, such as the next page, what was shown before stays, too, and with it the focus.
 */
export function LoadState<T>({ loaded: { data, problem, reload }, what, children }: LoadStateProps<T>) {
  const before = useRef<T | null>(null);
  if (data !== null || problem) before.current = data;
  const isWaiting = data === null && !problem;
  return (
    <>
      {problem && <ProblemNote problem={problem} onRetry={reload} />}
      {before.current !== null && (
        <div class="loaded" aria-busy={isWaiting}>
          {children(before.current)}
        </div>
      )}
      {isWaiting && (
        <p class="loading" role="status">
          Loading {what} …
        </p>
      )}
    </>
  );
}
