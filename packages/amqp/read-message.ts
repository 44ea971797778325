import type { z } from 'zod';

/**
 * Reads a message of the contract as the JSON decoder of the original system does: field names match in any case, a field
 * that occurs several times has its last value, and null leaves a field as it is. The content type does not matter.
 *
 * @returns the value, or the reason why the content is unreadable, for an operator
 */
export function readMessage<S extends z.ZodObject>(
  content: Buffer,
  schema: S,
): { value: z.output<S> } | { unreadable: string } {
  const text = content.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { unreadable: `not JSON: ${String(error)}` };
  }
  if (typeof json !== 'object' || Array.isArray(json)) return { unreadable: 'message: expected an object' };

  const fields = Object.keys(schema.shape).map((name) => ({ name, spelling: spellingOf(name) }));
  const values: Record<string, unknown> = {};
  const problems = new Map<string, string>(); // one per field: a field may occur a million times
  const missing = new Set(Object.keys(schema.shape));
  const read = (field: string, value: unknown): void => {
    missing.delete(field);
    if (problems.has(field)) return;
    const result = (schema.shape[field] as z.ZodType).safeParse(value);
    if (result.success) values[field] = result.data;
    else problems.set(field, result.error.issues.map(({ message }) => `${field}: ${message}`).join('; '));
  };
  for (const { name, value } of json === null ? [] : membersOf(text)) {
    const field = fields.find(({ spelling }) => spelling.test(name));
    if (field === undefined) continue;
    const parsed: unknown = JSON.parse(value);
    if (parsed !== null) read(field.name, parsed);
  }
  for (const field of missing) read(field, undefined);
  return problems.size > 0 ? { unreadable: [...problems.values()].join('; ') } : { value: values as z.output<S> };
}

// With the flags `i` and `u`, JavaScript folds case as Go does: `ſ` matches `s`.
const spellingOf = (field: string): RegExp => new RegExp(`^${field}$`, 'iu');

/**
 * Lists the members of a JSON object in order, including repeated names, of which JSON.parse keeps only the last.
 *
 * @param text valid JSON, an object
 * @returns each name, and its value as JSON
 */
function* membersOf(text: string): Generator<{ name: string; value: string }> {
  let name: string | null = null;
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (character === '{' || character === '[') {
      if (++depth === 1) start = at + 1;
    } else if (character === '}' || character === ']') {
      depth--;
    }
    if (depth === 1 && character === ':') {
      name = JSON.parse(text.slice(start, at)) as string;
      start = at + 1;
    }
    const endsMember = (depth === 1 && character === ',') || (depth === 0 && character === '}');
    if (!endsMember) continue;
    if (name !== null) yield { name, value: text.slice(start, at) };
    name = null;
    start = at + 1;
  }
}
