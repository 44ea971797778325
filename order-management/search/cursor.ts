import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isStorable } from './field-type';
import type { Position } from './ranges';
import { SearchError } from './search-error';

/** A place between two rows of a sorted list. */
export interface Cursor {
  /** The position of the row next to the place; this row is not part of the page. */
  position: Position;
  /** Whether the page ends at the place instead of beginning there. */
  backward: boolean;
}

const VERSION = 1;

const payload = z.tuple([
  z.literal(VERSION),
  z.string(),
  z.boolean(),
  z.array(z.string().max(1_000).refine(isStorable).nullable()).min(1).max(10),
]);

/**
 * Identifies the list that a cursor belongs to.
 *
 * @param parts the text of the filter and of the sort, and the parameters of further conditions
 */
export const fingerprintOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 12);

/** Encodes a cursor. Clients must not depend on its content. */
export const encodeCursor = ({ position, backward }: Cursor, fingerprint: string): string =>
  Buffer.from(JSON.stringify([VERSION, fingerprint, backward, position])).toString('base64url');

/**
 * Decodes a cursor.
 *
 * @param keys the number of the sort keys
 * @throws {SearchError} `malformed-cursor` if it is not a cursor, or one of another filter or sort
 */
export function decodeCursor(text: string, fingerprint: string, keys: number): Cursor {
  const [, madeFor, backward, position] = readPayload(text);
  if (madeFor !== fingerprint || position.length !== keys) {
    throw new SearchError(
      'malformed-cursor',
      'The cursor belongs to another filter or sort. Repeat the parameters of the request that returned it.',
    );
  }
  return { position, backward };
}

function readPayload(text: string): z.output<typeof payload> {
  try {
    return payload.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    throw unusableCursor();
  }
}

/** A text that is not a cursor, or one that was changed. */
export const unusableCursor = (): SearchError =>
  new SearchError('malformed-cursor', 'This is not a cursor. Use one of a Link header, unchanged.');
