/** The members of a problem document (RFC 9457) that the console shows. */
interface ProblemDocument {
  code?: string;
  title?: string;
  detail?: string;
  errors?: { field: string; message: string }[];
}

/** A request that was not answered with success, in words for a person. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';

  constructor(
    /** The status of the response; 0 if there was none. */
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail);
  }

  /** What the reader can do; empty if the detail already says it. */
  get advice(): string {
    if (this.status === 0) return 'Check the connection. The page tries again by itself.';
    if (this.status === 503) return 'No data is lost. The page tries again by itself.';
    if (this.status === 409 || this.status === 412) return 'The page shows the current state. Decide again.';
    if (this.status === 404) return 'It may have been deleted. Check the address.';
    if (this.status === 403) return 'Sign in with another credential if you need this.';
    return '';
  }
}

/** Makes a problem of the body of a response. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const {
    code = 'unknown',
    title,
    detail = '',
    errors = [],
  } = (typeof body === 'object' && body ? body : {}) as ProblemDocument;
  const fields = errors.map(({ field, message }) => `${field}: ${message}`).join('. ');
  return new ApiProblem(status, code, title ?? `The server answered ${status}`, detail || fields);
}

/** The problem of a request that received no response. */
export const offline = (): ApiProblem =>
  new ApiProblem(0, 'offline', 'The server cannot be reached', 'The request received no answer.');

/** Makes a problem of any error. */
export const toProblem = (error: unknown): ApiProblem =>
  error instanceof ApiProblem ? error : new ApiProblem(-1, 'unexpected', 'The page failed', String(error));
