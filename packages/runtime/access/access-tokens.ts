import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';
import { UnavailableError } from '../fault';
import { Problem } from '../problem';
import { uuid } from '../uuid-schemas';
import type { Caller } from './caller';
import { ROLES } from './role';
import { invalidCredential } from './unauthenticated';

/** The identity provider does not return its keys. */
export class IdentityProviderUnavailableError extends UnavailableError {
  override name = 'IdentityProviderUnavailableError';
}

export interface AccessTokenOptions {
  /** Where the identity provider publishes its keys, as a JSON Web Key Set. */
  jwksUrl: string;
  issuer: string;
  audience: string;
}

/** Asymmetric algorithms only. A token must not select `none`, or a symmetric one whose key would be a public key. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];

const CLOCK_SKEW_S = 30;

const JWKS = {
  /** How long a request waits for the keys. */
  timeoutDuration: 5_000,
  /** A token with an unknown key makes the service fetch the keys again, but not more often than this. */
  cooldownDuration: 30_000,
  /** A key that the identity provider has withdrawn is accepted for up to this time. */
  cacheMaxAge: 600_000,
};

/** The errors of jose that the token causes. Every other error is one of fetching the keys. */
const CAUSED_BY_TOKEN = new Set<string>([
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWTInvalid.code,
]);

// Control characters could act on the terminal that prints a log, and PostgreSQL cannot store NUL.
const subject = z.string().regex(/^\P{Cc}{1,255}$/u);
const role = z.enum(ROLES);

/** Identifies callers by JSON Web Tokens (RFC 7519) of an identity provider. */
export class AccessTokens {
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;

  constructor(private readonly options: AccessTokenOptions) {
    this.keys = createRemoteJWKSet(new URL(options.jwksUrl), JWKS);
  }

  /**
   * Identifies the caller that sent a token.
   *
   * @throws {Problem} 401 if the token is not valid, 403 if it grants no role
   * @throws {IdentityProviderUnavailableError} if the keys cannot be fetched
   */
  async identify(token: string): Promise<Caller> {
    const claims = await this.verify(token);
    const sub = subject.safeParse(claims.sub);
    if (!sub.success) throw invalidCredential('The claim sub of the token must have 1 to 255 printable characters.');
    const actor = `jwt:${sub.data}`;
    const granted = role.safeParse(claims['role']);
    if (!granted.success)
      throw new Problem('forbidden', `The claim role of the token must be one of ${ROLES.join(', ')}.`);
    if (granted.data !== 'customer') return { actor, role: granted.data, customerId: null };
    const customerId = uuid.safeParse(claims['customer_id']);
    if (!customerId.success) {
      throw new Problem(
        'forbidden',
        'The claim customer_id of the token must be a UUID, because its role is customer.',
      );
    }
    return { actor, role: granted.data, customerId: customerId.data };
  }

  private async verify(token: string): Promise<JWTPayload> {
    const { issuer, audience } = this.options;
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SKEW_S,
        requiredClaims: ['exp', 'sub'],
      });
      return payload;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code === errors.JWTExpired.code) throw invalidCredential('The token has expired.');
      if (CAUSED_BY_TOKEN.has(code)) throw invalidCredential(`The token is not valid: ${(error as Error).message}.`);
      throw new IdentityProviderUnavailableError('The keys of the identity provider cannot be fetched.', {
        cause: error,
      });
    }
  }
}
