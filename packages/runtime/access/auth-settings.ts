import { z } from 'zod';

const METHODS = ['api-keys', 'jwt'] as const;

/** A way to identify callers. */
export type AuthMethod = (typeof METHODS)[number];

const isMethod = (word: string): word is AuthMethod => METHODS.some((method) => method === word);

/**
 * The accepted methods, separated by commas. The output is null if the setting is unset, and an empty list if it is `none`:
 * both mean no authentication, but only the second one is a decision.
 */
export const authMethods = () =>
  z
    .string()
    .optional()
    .transform((text, context): AuthMethod[] | null => {
      if (text === undefined) return null;
      const words = text.split(',').map((word) => word.trim());
      if (words.length === 1 && words[0] === 'none') return [];
      const methods = words.filter(isMethod);
      if (methods.length === words.length) return [...new Set(methods)];
      context.addIssue(`is not valid. Use none, or a list of ${METHODS.join(', ')}.`);
      return z.NEVER;
    });

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The URL of a JSON Web Key Set. Whoever can change its content can sign tokens, so it needs TLS outside of this machine. */
export const jwksUrl = () =>
  z
    .string()
    .refine(
      (text) => {
        if (!URL.canParse(text)) return false;
        const { protocol, hostname } = new URL(text);
        return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
      },
      { error: 'is not an https: URL. Use, for example, https://login.example.com/.well-known/jwks.json.' },
    )
    .optional();

/** The settings of authentication. */
export interface AuthSettings {
  AUTH: AuthMethod[] | null;
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
