import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { toProblem, type ApiProblem } from './problem';

/** What a page has loaded. During a reload and after a failure, the earlier data stays. */
export interface Loaded<T> {
  data: T | null;
  problem: ApiProblem | null;
  isLoading: boolean;
  reload: () => void;
}

/**
 * Loads data, and loads it again when the key changes, every `everyMs`, and after a failure that may pass.
 *
 * @param key identifies what is loaded: data of another key is not shown
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>, everyMs?: number): Loaded<T> {
  const [state, setState] = useState<{ key: string; data: T | null; problem: ApiProblem | null; isLoading: boolean }>({
    key,
    data: null,
    problem: null,
    isLoading: true,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (ms: number): void => {
      timer = setTimeout(() => setRound((count) => count + 1), ms);
    };
    setState((before) => ({
      key,
      data: before.key === key ? before.data : null,
      problem: before.key === key ? before.problem : null,
      isLoading: true,
    }));
    const run = async (): Promise<void> => {
      try {
        const data = await latest.current(ending.signal);
        if (ending.signal.aborted) return;
        setState({ key, data, problem: null, isLoading: false });
        if (everyMs !== undefined) again(everyMs);
      } catch (error) {
        if (ending.signal.aborted) return;
        const problem = toProblem(error);
        setState((before) => ({ ...before, problem, isLoading: false }));
        const pauseMs = problem.retryInMs ?? everyMs;
        if (pauseMs !== undefined) again(pauseMs);
      }
    };
    void run();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [key, round, everyMs]);

  const reload = useCallback(() => setRound((count) => count + 1), []);
  const { data, problem, isLoading } = state.key === key ? state : { data: null, problem: null, isLoading: true };
  return { data, problem, isLoading, reload };
}
