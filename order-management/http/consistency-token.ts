import { parseWalPosition, type WalPosition } from '@shop/prisma/wal-position';
import type { Answer } from '@shop/runtime/operation';
import { Problem } from '@shop/runtime/problem';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { ReadClient } from '../reads/read-client';

// A write answers with a token: a position in the database's log. A read with that token shows at least that write.
const HEADER = 'Consistency-Token';
const COOKIE = 'consistency-token';
const COOKIE_IN_HEADER = /(?:^|;\s*)consistency-token=([^;\s]*)/;
const MIN_COOKIE_AGE_MS = 60_000;

const token = z.string().meta({ description: 'A position in the log of the database.', examples: ['16/B374D848'] });

/** The headers of an operation that reads. `readToken` validates the token, because it may also be in a cookie. */
export const readHeaders = z.object({
  [HEADER]: token.optional().meta({ description: 'The token of a write that the answer must include.' }),
});

/** Describes the answer of an operation that writes: it may have a consistency token. */
export const writeAnswer = (description: string, schema: z.ZodType): Answer => ({
  description,
  schema,
  headers: {
    [HEADER]: { description: 'Sent if secondaries are configured: a read with it includes this write.', schema: token },
  },
});

/** Adds a consistency token that covers everything committed so far, as a header and as a cookie. */
export async function sendToken(response: Response, reads: ReadClient): Promise<void> {
  try {
    const position = await reads.position();
    if (position === null) return;
    response.set(HEADER, position);
    // The cookie is no longer needed once every usable secondary has replayed the position.
    const maxAge = Math.max(MIN_COOKIE_AGE_MS, 2 * reads.maxLagMs);
    response.cookie(COOKIE, position, { httpOnly: true, sameSite: 'lax', maxAge, encode: String });
  } catch (error) {
    // The write is committed, so its success is reported even without a token.
    response.locals.log.warn({ err: error }, 'committed, but could not read a consistency token');
  }
}

/**
 * Reads the position that the answer to a request must show: the later one if the request has both a header and a
 * cookie, null if it has neither. An invalid cookie is ignored, because a browser sends it automatically.
 *
 * @throws {Problem} 400 if the header is not a valid token
 */
export function readToken(request: Request): WalPosition | null {
  const header = request.get(HEADER);
  const fromHeader = header === undefined ? null : parseWalPosition(header);
  if (header !== undefined && fromHeader === null) {
    const value = JSON.stringify(header.slice(0, 100));
    throw new Problem(
      'invalid-header',
      `The ${HEADER} ${value} is not a valid consistency token. A valid one looks like 16/B374D848.`,
    );
  }
  const fromCookie = parseWalPosition(COOKIE_IN_HEADER.exec(request.headers.cookie ?? '')?.[1] ?? '');
  if (fromHeader === null || fromCookie === null) return fromHeader ?? fromCookie;
  return fromHeader > fromCookie ? fromHeader : fromCookie;
}
