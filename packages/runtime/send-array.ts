import { setImmediate as afterOtherRequests } from 'node:timers/promises';
import type { Response } from 'express';

/** The text that is rendered without a pause. Takes about 2 ms. */
const PART_CHARACTERS = 256 * 1_024;

/**
 * Sends an array as JSON. A large one is rendered in parts, so that it does not delay other requests, and has neither a
 * `Content-Length` nor an `ETag`.
 *
 * @returns a promise that resolves when the array is rendered or the client disconnects
 */
export async function sendArray(response: Response, items: readonly object[]): Promise<void> {
  response.type('json');
  let part = '[';
  for (const [at, item] of items.entries()) {
    part += `${at > 0 ? ',' : ''}${JSON.stringify(item)}`;
    if (part.length < PART_CHARACTERS) continue;
    response.write(part);
    part = '';
    await afterOtherRequests();
    if (response.closed) return;
  }
  if (response.headersSent) response.end(`${part}]`);
  else response.send(`${part}]`);
}
