import { z } from 'zod';
import { isLoopbackHost } from '../loopback';

const METHODS = ['none', 'api-keys', 'jwt'] as const;

/** A way to identify callers; `none` states that they are not identified. */
export type AuthMethod = (typeof METHODS)[number];

const isMethod = (word: string): word is AuthMethod => METHODS.some((method) => method === word);

/** The accepted methods, separated by commas, or `none`; undefined if the setting is unset, which is no decision. */
export const authMethods = () =>
  z
    .string()
    .transform((text, context): AuthMethod[] => {
      const words = text.split(',').map((word) => word.trim());
      const methods = words.filter(isMethod);
      if (methods.length < words.length) context.addIssue('is not valid. Use none, or a list of api-keys and jwt.');
      else if (methods.includes('none') && methods.length > 1) context.addIssue('combines none with other values.');
      return methods;
    })
    .optional();

/** The URL of a JSON Web Key Set. Whoever can change its content can sign tokens, so it needs TLS outside of this machine. */
export const jwksUrl = () =>
  z
    .string()
    .refine(
      (text) => {
        if (!URL.canParse(text)) return false;
        const { protocol, hostname } = new URL(text);
        return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
      },
      { error: 'is not an https: URL. Use, for example, https://login.example.com/.well-known/jwks.json.' },
    )
    .optional();

/** The settings of authentication. */
export interface AuthSettings {
  AUTH?: AuthMethod[] | undefined;
  AUTH_JWKS_URL?: string | undefined;
  AUTH_ISSUER?: string | undefined;
  AUTH_AUDIENCE?: string | undefined;
}

const JWT_SETTINGS = ['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'] as const;

/** Reports JWT settings that are missing, and those that have no effect because `AUTH` does not contain `jwt`. */
export function checkAuthentication(settings: AuthSettings, context: z.core.$RefinementCtx): void {
  const usesTokens = settings.AUTH?.includes('jwt') === true;
  for (const name of JWT_SETTINGS) {
    const isSet = settings[name] !== undefined;
    if (isSet === usesTokens) continue;
    const message = isSet ? 'has no effect, because AUTH does not contain jwt.' : 'is not set. AUTH=jwt needs it.';
    context.addIssue({ code: 'custom', path: [name], message });
  }
}
