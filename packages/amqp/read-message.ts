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

  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  const missing = new Set(Object.keys(schema.shape));
  const read = (field: string, value: unknown): void => {
    missing.delete(field);
    const result = (schema.shape[field] as z.ZodType).safeParse(value);
    if (result.success) values[field] = result.data;
    else problems.push(...result.error.issues.map(({ message }) => `${field}: ${message}`));
  };
  const fields = Object.keys(schema.shape);
  for (const [name, value] of json === null ? [] : membersOf(text)) {
    const field = fields.find((candidate) => isSameName(candidate, name));
    if (field !== undefined && value !== null) read(field, value);
  }
  for (const field of missing) read(field, undefined);
  return problems.length > 0 ? { unreadable: problems.join('; ') } : { value: values as z.output<S> };
}

// With the flags `i` and `u`, JavaScript folds case as Go does: `ſ` matches `s`.
const isSameName = (field: string, name: string): boolean => new RegExp(`^${field}$`, 'iu').test(name);

/**
 * Lists the members of a JSON object in order, including repeated names, of which JSON.parse keeps only the last.
 *
 * @param text valid JSON, an object
 */
function membersOf(text: string): [name: string, value: unknown][] {
  const members: [string, unknown][] = [];
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
    if (name !== null) members.push([name, JSON.parse(text.slice(start, at))]);
    name = null;
    start = at + 1;
  }
  return members;
}
