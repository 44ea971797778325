import type { IncomingMessage } from 'node:http';
import type { Logger } from '../log';
import { isApiKey } from './api-key';
import { ApiKeys, type FindApiKey } from './api-keys';
import { AccessTokens } from './access-tokens';
import type { AuthSettings } from './auth-settings';
import { ANONYMOUS, type Caller } from './caller';
import { readBearerToken } from './credential';
import { invalidCredential } from './unauthenticated';

/**
 * Identifies the caller of a request.
 *
 * @throws {Problem} 401 if the request has no valid credential
 * @throws {UnavailableError} if the credential cannot be checked at the moment
 */
export type Authenticate = (request: Pick<IncomingMessage, 'headers'>) => Promise<Caller>;

/** Accepts every request as one of an operator. */
export const authenticateNobody: Authenticate = async () => ANONYMOUS;

/** Whether requests need a credential. */
export const needsCredential = ({ AUTH = ['none'] }: Pick<AuthSettings, 'AUTH'>): boolean => !AUTH.includes('none');

/** Creates the authentication that the settings select. */
export function createAuthenticate(settings: AuthSettings, findApiKey: FindApiKey, log: Logger): Authenticate {
  if (!needsCredential(settings)) return authenticateNobody;
  const methods = settings.AUTH ?? [];
  const apiKeys = methods.includes('api-keys') ? new ApiKeys(findApiKey) : null;
  const tokens = methods.includes('jwt') ? createAccessTokens(settings, log) : null;
  return async (request) => {
    const token = readBearerToken(request);
    const method = isApiKey(token) ? apiKeys : tokens;
    if (method) return method.identify(token);
    throw invalidCredential(`This service does not accept ${isApiKey(token) ? 'API keys' : 'this kind of token'}.`);
  };
}

function createAccessTokens({ AUTH_JWKS_URL, AUTH_ISSUER, AUTH_AUDIENCE }: AuthSettings, log: Logger): AccessTokens {
  if (AUTH_JWKS_URL === undefined || AUTH_ISSUER === undefined || AUTH_AUDIENCE === undefined) {
    throw new Error('AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE must be set.'); // `checkAuthentication` reports it before
  }
  return new AccessTokens({ jwksUrl: AUTH_JWKS_URL, issuer: AUTH_ISSUER, audience: AUTH_AUDIENCE, log });
}
