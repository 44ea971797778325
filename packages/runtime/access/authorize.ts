import type { Request, RequestHandler, Response } from 'express';
import type { Operation } from '../operation';
import { Problem } from '../problem';
import type { Authenticate } from './authenticate';
import { UNKNOWN, type Caller } from './caller';
import { CALLERS } from './role';

declare module 'express-serve-static-core' {
  interface Locals {
    authenticate: Authenticate;
  }
}

/** Makes the authentication available to the operations, which decide whether they need it. */
export const provideAuthentication =
  (authenticate: Authenticate): RequestHandler =>
  (_request, response, next) => {
    response.locals.authenticate = authenticate;
    next();
  };

/**
 * Checks that the caller of a request may call an operation. An open operation ignores credentials, so that it answers even if
 * they cannot be checked. Further lines of the request's log name the caller.
 *
 * @throws {Problem} 401 without a valid credential, 403 if its role is not sufficient
 * @throws {UnavailableError} if the credential cannot be checked at the moment
 */
export async function authorize(
  { access, method, path }: Operation,
  request: Request,
  response: Response,
): Promise<Caller> {
  if (access === 'open') return UNKNOWN;
  const caller = await response.locals.authenticate(request);
  response.locals.log = response.locals.log.child({ actor: caller.actor });
  if (CALLERS[access].includes(caller.role)) return caller;
  throw new Problem(
    'forbidden',
    `${method.toUpperCase()} ${path} needs the role ${CALLERS[access].join(' or ')}. This credential has the role ${caller.role}.`,
  );
}
