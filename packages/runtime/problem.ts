import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';

/** An answer that is not a success, as RFC 9457 has it: a status, and a sentence for whoever asked. */
export class Problem extends Error {
  override name = 'Problem';

  /**
   * @param detail what is wrong, naming the thing and the value, and what to do about it
   * @param more further members of the problem document, and `headers` to send with it
   */
  constructor(
    readonly status: number,
    detail: string,
    readonly more: { headers?: Record<string, string>; members?: Record<string, unknown> } = {},
  ) {
    super(detail);
  }
}

/** A problem as the body of an answer. It also carries `error`, which is what clients of the original read. */
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
