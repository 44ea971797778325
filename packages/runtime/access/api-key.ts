import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** An API key as its owner has it: `shop_<prefix>_<secret>`. */
export interface ApiKey {
  /** Identifies the key in commands, logs and histories. It is not secret. */
  prefix: string;
  secret: string;
}

const PREFIX_BYTES = 4;
/** 256 bits. A secret of this size cannot be guessed, however fast its hash is computed. */
const SECRET_BYTES = 32;
const FORMAT = /^shop_([0-9a-f]{8})_([\w-]{43})$/;

/** Creates a random key. */
export const createApiKey = (): ApiKey => ({
  prefix: randomBytes(PREFIX_BYTES).toString('hex'),
  secret: randomBytes(SECRET_BYTES).toString('base64url'),
});

/** Whether a token claims to be an API key, valid or not. */
export const isApiKey = (token: string): boolean => token.startsWith('shop_');

/** Parses a key; null if it does not have the format of one. */
export function parseApiKey(token: string): ApiKey | null {
  const [, prefix, secret] = FORMAT.exec(token) ?? [];
  return prefix === undefined || secret === undefined ? null : { prefix, secret };
}

/** Formats a key as its owner sends it. */
export const formatApiKey = ({ prefix, secret }: ApiKey): string => `shop_${prefix}_${secret}`;

/**
 * Hashes a secret for the database. Not with a slow hash such as scrypt: those protect passwords, which can be guessed. The
 * secret is random and has 256 bits, and the hash is computed for every request.
 */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares a secret with a hash in constant time. */
export const matchesHash = (secret: string, hash: string): boolean =>
  timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(hash));
