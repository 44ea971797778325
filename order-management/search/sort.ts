import { SearchError } from './search-error';
import type { Searchable, SortField } from './searchable';

/** One key of a sort. */
export interface SortKey {
  name: string;
  field: SortField;
  descending: boolean;
}

const MAX_KEYS = 5;

/**
 * Parses `sort=`, for example `-order_date,price`. The id is added as the last key, in the direction of the key before it,
 * so that an index of these columns serves both directions.
 *
 * @throws {SearchError} `malformed-sort` if a key is unknown or repeated
 */
export function parseSort(text: string | undefined, { sorts, id, defaultSort }: Searchable): SortKey[] {
  const keys = (text ?? defaultSort).split(',').map((part) => parseKey(part.trim(), sorts));
  if (keys.length > MAX_KEYS) throw new SearchError('malformed-sort', `A sort has up to ${MAX_KEYS} keys.`);
  const repeated = keys.find(({ name }, index) => keys.findIndex((key) => key.name === name) < index);
  if (repeated) throw new SearchError('malformed-sort', `The sort key ${repeated.name} is repeated.`);
  const last = keys.findIndex(({ name }) => name === id);
  if (last >= 0) return keys.slice(0, last + 1); // what follows a unique key changes nothing
  return [...keys, { name: id, field: sorts[id]!, descending: keys.at(-1)?.descending ?? false }];
}

function parseKey(part: string, sorts: Searchable['sorts']): SortKey {
  const name = part.replace(/^-/, '');
  const field = Object.hasOwn(sorts, name) ? sorts[name] : undefined;
  if (field) return { name, field, descending: part.startsWith('-') };
  const known = Object.keys(sorts).join(', ');
  throw new SearchError(
    'malformed-sort',
    `There is no sort key ${JSON.stringify(name.slice(0, 100))}. The keys are ${known}; a minus before a key sorts descending.`,
  );
}

/** Writes a sort as `sort=` does. */
export const printSort = (keys: readonly SortKey[]): string =>
  keys.map(({ name, descending }) => (descending ? `-${name}` : name)).join();
