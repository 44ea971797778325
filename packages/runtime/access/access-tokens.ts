import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';
import { UnavailableError } from '../fault';
import type { Logger } from '../log';
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
  log: Logger;
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

/** The errors of jose that the token causes. */
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

/**
 * The names of the errors for a key that cannot be used, for example an RSA key of less than 2048 bits: jose throws a
 * TypeError, and the Web Crypto API a DOMException. By name, because that is no `Error` in every realm.
 */
const CAUSED_BY_KEY = new Set(['TypeError', 'DataError', 'NotSupportedError', errors.JWKInvalid.name]);

/** Fetches the keys. The TypeErrors of `fetch` are outages, and must not be taken for those of a key. */
const fetchKeys: typeof fetch = (url, options) =>
  fetch(url, options).catch((cause: unknown) => {
    throw new IdentityProviderUnavailableError(CANNOT_FETCH, { cause });
  });

const CANNOT_FETCH = 'The keys of the identity provider cannot be fetched.';

// Control characters could act on the terminal that prints a log, and PostgreSQL cannot store NUL.
const subject = z.string().regex(/^\P{Cc}{1,255}$/u);
const role = z.enum(ROLES);

/** Identifies callers by JSON Web Tokens (RFC 7519) of an identity provider. */
export class AccessTokens {
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;

  constructor(private readonly options: AccessTokenOptions) {
    this.keys = createRemoteJWKSet(new URL(options.jwksUrl), { ...JWKS, [customFetch]: fetchKeys });
  }

  /**
   * Identifies the caller that sent a token.
   *
   * @throws {Problem} 401 if the token is not valid or its key cannot be used, 403 if it grants no role
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
      if (CAUSED_BY_KEY.has((error as Partial<Error> | null)?.name ?? '')) {
        this.options.log.error(error, 'a key of the identity provider cannot be used');
        throw invalidCredential('The key that signed the token cannot be used.');
      }
      if (error instanceof IdentityProviderUnavailableError) throw error;
      throw new IdentityProviderUnavailableError(CANNOT_FETCH, { cause: error });
    }
  }
}
