import { Problem } from '../problem';

/** The problem of a request without a credential. */
export const missingCredential = (): Problem =>
  new Problem('unauthenticated', 'The request has no credential. Send the header Authorization: Bearer <token>.', {
    headers: { 'WWW-Authenticate': 'Bearer' },
  });

/**
 * The problem of a credential that is not accepted (RFC 6750, section 3.1).
 *
 * @param detail why; it must not repeat the credential
 */
export const invalidCredential = (detail: string): Problem =>
  new Problem('unauthenticated', detail, { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
