import type { ComponentChildren } from 'preact';
import type { Loaded } from '../api/use-load';
import { ProblemNote } from './problem-note';

interface LoadStateProps<T> {
  loaded: Loaded<T>;
  /** Names what is loaded, for readers of the screen. */
  what: string;
  children: (data: T) => ComponentChildren;
}

/** Shows data that is loaded, that it is being loaded, or why it cannot be loaded. Earlier data stays below a problem. */
export function LoadState<T>({ loaded: { data, problem, reload }, what, children }: LoadStateProps<T>) {
  return (
    <>
      {problem && <ProblemNote problem={problem} onRetry={reload} />}
      {data !== null && children(data)}
      {data === null && !problem && (
        <p class="loading" role="status">
          Loading {what} …
        </p>
      )}
    </>
  );
}
