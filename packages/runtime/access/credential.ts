import type { IncomingMessage } from 'node:http';
import { invalidCredential, missingCredential } from './unauthenticated';

const BEARER = /^Bearer +([\w.~+/=-]+)$/i;

/**
 * Reads the token of the header `Authorization: Bearer <token>` (RFC 6750, section 2.1).
 *
 * @throws {Problem} 401 if there is none
 */
export function readBearerToken({ headers: { authorization } }: Pick<IncomingMessage, 'headers'>): string {
  if (authorization === undefined) throw missingCredential();
  const [, token] = BEARER.exec(authorization) ?? [];
  if (token === undefined) {
    throw invalidCredential('The header Authorization is not valid. Send Authorization: Bearer <token>.');
  }
  return token;
}
