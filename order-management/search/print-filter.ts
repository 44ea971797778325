import type { Comparison, Expression } from './expression';
import type { FieldTypes } from './parse-filter';

/** Writes an expression as a filter. Parsing the text returns the same expression. */
export function printFilter(expression: Expression, fields: FieldTypes): string {
  if (expression.kind === 'comparison') return printComparison(expression, fields);
  if (expression.kind === 'not') return `NOT ${printTerm(expression.term, fields)}`;
  return expression.terms.map((term) => printTerm(term, fields)).join(` ${expression.kind.toUpperCase()} `);
}

const printTerm = (term: Expression, fields: FieldTypes): string =>
  term.kind === 'and' || term.kind === 'or' ? `(${printFilter(term, fields)})` : printFilter(term, fields);

function printComparison({ field, operator, values }: Comparison, fields: FieldTypes): string {
  const printed = values.map((value) => (fields[field]?.type.isNumber ? value : quote(value)));
  if (operator === 'IN' || operator === 'NOT IN') return `${field} ${operator} (${printed.join(', ')})`;
  return [field, operator, printed.join(' AND ')].join(' ').trimEnd();
}

const quote = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
