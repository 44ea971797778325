import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** A key that encrypts payloads. */
export interface PayloadKey {
  /** The name that the operator gave the key, and a fingerprint of the key. Payloads name their key with it. */
  id: string;
  key: KeyObject;
}

const KEY_BYTES = 32;
const NAME = /^[\w-]{1,64}$/;
const FINGERPRINT_HEX = 16;

/** What `id` of a key looks like. */
export const KEY_ID = /^[\w-]{1,64}\/[\da-f]{16}$/;

/**
 * The keys of payloads, separated by commas or line breaks: `<name>:<32 bytes in base64>`. The first one encrypts, all of them
 * decrypt.
 */
export const payloadKeys = () =>
  z
    .string()
    .transform((text, context): PayloadKey[] => {
      const entries = text.split(/[,\s]+/).filter(Boolean);
      const keys = entries.map((entry, at) => {
        const [name = '', value = '', ...rest] = entry.split(':');
        const bytes = Buffer.from(value, 'base64');
        // Node ignores characters that are not base64, so that a key could silently differ.
        const isExact = bytes.toString('base64') === value && bytes.length === KEY_BYTES;
        if (!NAME.test(name) || !isExact || rest.length > 0)
          context.addIssue(
            `entry ${at + 1} is not a key. Use <name>:<base64>, where openssl rand -base64 32 gives the base64.`,
          );
        return { name, bytes };
      });
      if (keys.length === 0) context.addIssue('contains no key.');
      if (new Set(keys.map(({ name }) => name)).size < keys.length)
        context.addIssue('contains two keys of the same name.');
      return context.issues.length > 0
        ? z.NEVER
        : keys.map(({ name, bytes }) => ({ id: `${name}/${fingerprintOf(bytes)}`, key: createSecretKey(bytes) }));
    })
    .optional();

/** A one-way function of the key. A payload whose key has the right name, but is another one, is thereby recognized. */
const fingerprintOf = (bytes: Buffer): string =>
  createHmac('sha256', bytes)
    .update('order-placement: fingerprint of a payload key')
    .digest('hex')
    .slice(0, FINGERPRINT_HEX);
