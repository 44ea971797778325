import type { Response } from 'express';
import { PROBLEMS, type ProblemCode } from './problem-catalogue';

/** An error response with a problem document (RFC 9457). */
export class Problem extends Error {
  override name = 'Problem';
  readonly status: number;

  /**
   * @param code an entry of the problem catalogue, which has the status and the title
   * @param detail what is wrong, with the name and the value, and how to correct it
   * @param more further `members` of the document, and `headers` of the response
   */
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly more: { headers?: Record<string, string>; members?: Record<string, unknown> } = {},
  ) {
    super(detail);
    this.status = PROBLEMS[code].status;
  }
}

const RETRY_AFTER_S = 5;

/** A request that failed because of an outage or an overload, and that the client may repeat. */
export const retryLater = (detail: string, code: ProblemCode = 'service-unavailable'): Problem =>
  new Problem(code, `${detail} Try again in ${RETRY_AFTER_S} seconds.`, {
    headers: { 'Retry-After': String(RETRY_AFTER_S) },
  });

/** Formats a problem document. Its member `error` repeats the detail for clients of the original system. */
export const problemDocument = ({ code, status, message, more }: Problem): string =>
  JSON.stringify({
    type: `/problems/${code}`,
    code,
    title: PROBLEMS[code].title,
    status,
    detail: message,
    error: message,
    ...more.members,
  });

/** Sends a problem document. */
export function sendProblem(response: Response, problem: Problem): void {
  response
    .status(problem.status)
    .set(problem.more.headers ?? {})
    .type('application/problem+json')
    .send(problemDocument(problem));
}
