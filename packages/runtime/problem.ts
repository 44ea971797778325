import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';

/** An error response with a problem document (RFC 9457). */
export class Problem extends Error {
  override name = 'Problem';

  /**
   * @param detail what is wrong, with the name and the value, and how to correct it
   * @param more further `members` of the document, and `headers` of the response
   */
  constructor(
    readonly status: number,
    detail: string,
    readonly more: { headers?: Record<string, string>; members?: Record<string, unknown> } = {},
  ) {
    super(detail);
  }
}

const RETRY_AFTER_S = 5;

/** A request that failed because of an outage or an overload, and that the client may repeat. */
export const retryLater = (detail: string): Problem =>
  new Problem(503, `${detail} Try again in ${RETRY_AFTER_S} seconds.`, {
    headers: { 'Retry-After': String(RETRY_AFTER_S) },
  });

/** Formats a problem document. Its member `error` repeats the detail for clients of the original system. */
export const problemDocument = ({ status, message, more }: Problem): string =>
  JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
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
