import type { ApiProblem } from '../api/problem';

/** Shows what is wrong, and what the reader can do. */
export function ProblemNote({ problem, onRetry }: { problem: ApiProblem; onRetry?: () => void }) {
  return (
    <div class="note problem" role="alert">
      <p>
        <strong>{problem.title}.</strong> {problem.detail} {problem.advice}
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
