/** The members of a problem document (RFC 9457) that the console shows. */
interface ProblemDocument {
  code?: string;
  title?: string;
  detail?: string;
  errors?: { field: string; message: string }[];
}

/** The pause before a request is repeated, unless the server names a longer one. */
const RETRY_MS = 5_000;

/** A request that was not answered with success, in words for a person. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';

  constructor(
    /** The status of the response; 0 if there was none. */
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    /** How long the server wants clients to wait. */
    private readonly retryAfterMs = 0,
  ) {
    super(detail);
  }

  /** Whether the cause may pass without a change of the request. */
  get isOutage(): boolean {
    return [0, 502, 503, 504].includes(this.status);
  }

  /** The pause after which the page repeats a request that only reads; null if the same problem is to be expected. */
  get retryInMs(): number | null {
    const isTemporary = this.isOutage || this.status === 429 || this.status === 500;
    return isTemporary ? Math.max(RETRY_MS, this.retryAfterMs) : null;
  }

  /** Whether a request that changes something may have been executed. Other refusals with 503 name a limit. */
  get isUncertain(): boolean {
    return this.status === 500 || (this.isOutage && ['offline', 'service-unavailable', 'unknown'].includes(this.code));
  }
}

/** What a failed request was for. */
export interface Purpose {
  /** Whether the page repeats the request by itself. */
  isRepeated?: boolean;
  /** What a repetition does, if the request changes something. */
  ifRepeated?: string | undefined;
}

/** Says what the reader can do; empty if the detail of the problem already says it. */
export function adviceOf(problem: ApiProblem, { isRepeated = false, ifRepeated }: Purpose): string {
  const { status } = problem;
  if (ifRepeated !== undefined && problem.isUncertain) {
    return `The action may or may not have completed. You can press the button again: ${ifRepeated}`;
  }
  if (status === 0)
    return `Check the connection. ${isRepeated ? 'The page tries again by itself.' : 'Then try again.'}`;
  if (problem.retryInMs !== null && isRepeated) return 'No data is lost. The page tries again by itself.';
  if (status === 401 && (isRepeated || ifRepeated !== undefined))
    return 'Sign in with a credential that both services accept.';
  if (status === 409 || status === 412) return 'The page shows the current state. Decide again.';
  if (status === 404) return 'It may have been deleted. Check the address.';
  if (status === 403) return 'To use this page, sign in with a credential that has the required role.';
  return '';
}

/** Makes a problem of the body of a response. */
export function problemOf(status: number, body: unknown, retryAfterMs = 0): ApiProblem {
  const {
    code = 'unknown',
    title,
    detail = '',
    errors = [],
  } = (typeof body === 'object' && body ? body : {}) as ProblemDocument;
  const fields = errors.map(({ field, message }) => `${field}: ${message}`).join('. ');
  return new ApiProblem(status, code, title ?? `The server answered ${status}`, detail || fields, retryAfterMs);
}

/** The problem of a request that received no response. */
export const offline = (): ApiProblem =>
  new ApiProblem(0, 'offline', 'The server cannot be reached', 'The request received no answer.');

/** Makes a problem of any error. */
export const toProblem = (error: unknown): ApiProblem =>
  error instanceof ApiProblem ? error : new ApiProblem(-1, 'unexpected', 'The page failed', String(error));
