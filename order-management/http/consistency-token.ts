import { parseWalPosition, type WalPosition } from '@shop/prisma/wal-position';
import { Problem } from '@shop/runtime/problem';
import type { Request, Response } from 'express';
import type { ReadClient } from '../reads/read-client';

// What a client has written it can read with the token that the write answered: a position in the database's log.
const HEADER = 'Consistency-Token';
const COOKIE = 'consistency-token';
const COOKIE_IN_HEADER = /(?:^|;\s*)consistency-token=([^;\s]*)/;
const COOKIE_AGE_MS = 60_000; // or more, until any secondary that is read has got so far

/** Has a client see, in what it reads next, what was committed by now. */
export async function sendToken(response: Response, reads: ReadClient): Promise<void> {
  try {
    const position = await reads.position();
    if (position === null) return;
    response.set(HEADER, position);
    const maxAge = Math.max(COOKIE_AGE_MS, 2 * reads.maxLagMs);
    response.cookie(COOKIE, position, { httpOnly: true, sameSite: 'lax', maxAge, encode: String });
  } catch (error) {
    response.locals.log.warn({ err: error }, 'committed, but no consistency token to be had'); // what was done is told
  }
}

/**
 * The position that a request must be answered from: the later of its header's and its cookie's; null where it has none.
 *
 * @throws Problem 400 where the header holds none; a cookie that does not is not the client's own doing, and ignored
 */
export function readToken(request: Request): WalPosition | null {
  const header = request.get(HEADER);
  const fromHeader = header === undefined ? null : parseWalPosition(header);
  if (header !== undefined && fromHeader === null) {
    const value = JSON.stringify(header.slice(0, 100));
    throw new Problem(400, `The ${HEADER} ${value} is none that a write has answered, such as 16/B374D848.`);
  }
  const fromCookie = parseWalPosition(COOKIE_IN_HEADER.exec(request.headers.cookie ?? '')?.[1] ?? '');
  if (fromHeader === null || fromCookie === null) return fromHeader ?? fromCookie;
  return fromHeader > fromCookie ? fromHeader : fromCookie;
}
