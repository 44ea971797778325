import type { z } from 'zod';
import { caseInsensitive } from '@shop/runtime/case-insensitive';

/**
 * Reads a message of the contract: JSON, with field names in any case. The content type does not matter.
 *
 * @returns the value, or the reason why the content is unreadable, for an operator
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
