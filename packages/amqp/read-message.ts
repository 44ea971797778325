import type { z } from 'zod';
import { caseInsensitive } from '@shop/runtime/case-insensitive';

/**
 * Reads a message of the contract: JSON of any content type, its field names in any case.
 *
 * @returns the value, or in words for an operator why there is none
 */
export function readMessage<S extends z.ZodObject>(
  content: Buffer,
  schema: S,
): { value: z.output<S> } | { unreadable: string } {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch (error) {
    return { unreadable: `not JSON: ${String(error)}` };
  }
  const result = caseInsensitive(schema).safeParse(json);
  if (result.success) return { value: result.data };
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'message'}: ${message}`);
  return { unreadable: problems.join('; ') };
}
