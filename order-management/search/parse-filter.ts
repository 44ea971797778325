import type { Comparison, Expression, Operator } from './expression';
import type { FieldType } from './field-type';
import { parse, SyntaxError as GrammarError } from './generated/filter-grammar';
import { SearchError } from './search-error';

/** The bounds of a filter. They bound the cost of the statement, and the time that the parser takes. */
export const FILTER_LIMITS = { maxLength: 2_000, maxDepth: 20, maxComparisons: 50, maxValues: 100 } as const;

/** The fields that a filter can name. */
export type FieldTypes = Readonly<Record<string, { type: FieldType }>>;

/** A part of the filter as the grammar returns it: `at` is the offset of its first UTF-16 unit. */
interface Literal {
  kind: 'text' | 'number';
  value: string;
  at: number;
}

interface ParsedComparison {
  kind: 'comparison';
  field: { name: string; at: number };
  operator: Operator;
  values: Literal[];
}

type Parsed = ParsedComparison | { kind: 'not'; term: Parsed } | { kind: 'and' | 'or'; terms: Parsed[] };

/** Where and why the grammar does not accept a text. */
interface GrammarMistake {
  message: string;
  expected: { type: string; text?: string; parts?: (string | string[])[]; description?: string }[] | null;
  location: { start: { offset: number } };
}

const parseGrammar: (text: string, limits: typeof FILTER_LIMITS) => Parsed = parse;
const isGrammarMistake = (error: unknown): error is GrammarMistake => error instanceof GrammarError;

/**
 * Parses a filter.
 *
 * @param text for example `order_status = 'shipped' AND NOT price > 50`
 * @throws {SearchError} `malformed-filter` with the position of the mistake and what was expected there
 */
export function parseFilter(text: string, fields: FieldTypes): Expression {
  const mistake = (message: string, offset: number): SearchError => {
    const position = Array.from(text.slice(0, offset)).length + 1; // an emoji is one character, but two UTF-16 units
    return new SearchError(
      'malformed-filter',
      `The filter has a mistake at position ${position}: ${message}.`,
      position,
    );
  };
  if (text.length > FILTER_LIMITS.maxLength) {
    throw mistake(
      `it is longer than ${FILTER_LIMITS.maxLength.toLocaleString('en')} characters`,
      FILTER_LIMITS.maxLength,
    );
  }
  return check(readGrammar(text, mistake), fields, mistake);
}

type Mistake = (message: string, offset: number) => SearchError;

function readGrammar(text: string, mistake: Mistake): Parsed {
  try {
    return parseGrammar(text, FILTER_LIMITS);
  } catch (error) {
    if (!isGrammarMistake(error)) throw error;
    const { offset } = error.location.start;
    if (error.expected === null) throw mistake(error.message, offset);
    throw mistake(`expected ${listOf(expectations(error.expected))}, found ${found(text, offset)}`, offset);
  }
}

/** Names what the grammar expected, without white space, which it expects nearly everywhere. */
function expectations(expected: NonNullable<GrammarMistake['expected']>): string[] {
  const names = expected.flatMap(({ description, text, parts = [] }) => {
    if (description !== undefined) return description;
    // The toolkit merges alternatives of one character, such as "<" and ">", to a class of characters.
    return [text ?? parts].flat(2).map((literal) => JSON.stringify(literal));
  });
  return [...new Set(names)].filter((name) => name !== 'white space').toSorted();
}

const listOf = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;

function found(text: string, offset: number): string {
  const [word] = /^(\w{1,40}|.)/su.exec(text.slice(offset)) ?? [];
  return word === undefined ? 'the end of the filter' : JSON.stringify(word);
}

/** Checks the names and the values of a parsed filter. */
function check(parsed: Parsed, fields: FieldTypes, mistake: Mistake): Expression {
  if (parsed.kind === 'comparison') return checkComparison(parsed, fields, mistake);
  if (parsed.kind === 'not') return { kind: 'not', term: check(parsed.term, fields, mistake) };
  return { kind: parsed.kind, terms: parsed.terms.map((term) => check(term, fields, mistake)) };
}

function checkComparison(parsed: ParsedComparison, fields: FieldTypes, mistake: Mistake): Comparison {
  const { field, operator } = parsed;
  const known = Object.hasOwn(fields, field.name) ? fields[field.name] : undefined;
  if (!known) {
    const names = Object.keys(fields).join(', ');
    throw mistake(`there is no field ${JSON.stringify(field.name)}; the fields are ${names}`, field.at);
  }
  const { type } = known;
  if (!type.operators.includes(operator)) {
    throw mistake(`${field.name} cannot be compared with ${operator}; only a text can`, field.at);
  }
  const values = parsed.values.map(({ kind, value, at }) => {
    const canonical = (kind === 'number') === type.isNumber ? type.read(value) : null;
    if (canonical === null)
      throw mistake(`${field.name} needs ${type.expected}${type.isNumber ? '' : ', in quotes'}`, at);
    return canonical;
  });
  return { kind: 'comparison', field: field.name, operator, values };
}
