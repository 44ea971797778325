import { adviceOf, type ApiProblem } from '../api/problem';

interface ProblemNoteProps {
  problem: ApiProblem;
  /** Loads again now; the page also does it by itself. */
  onRetry?: () => void;
  /** What a repetition of the request does, if it changes something. */
  ifRepeated?: string;
}

/** Shows what is wrong, and what the reader can do. */
export function ProblemNote({ problem, onRetry, ifRepeated }: ProblemNoteProps) {
  const advice = adviceOf(problem, { isRepeated: onRetry !== undefined, ifRepeated });
  return (
    <div class="note problem" role="alert">
      <p>
        <strong>{problem.title}.</strong> {problem.detail} {advice}
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
