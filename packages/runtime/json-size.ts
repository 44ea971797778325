import { Problem } from './problem';

export const JSON_LIMITS = {
  /** Members and elements. An order of a thousand lines has three thousand. */
  values: 10_000,
  depth: 32,
};

/**
 * Refuses JSON with so many values, or so deeply nested, that parsing and validating it would delay other requests. Counts
 * without parsing: the separators and brackets outside strings.
 *
 * @throws {Problem} 413
 */
export function checkJsonSize(text: string, limits = JSON_LIMITS): void {
  let values = 0;
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === '\\') at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') {
      isInString = true;
    } else if (character === ',') {
      values++;
    } else if (character === '{' || character === '[') {
      values++;
      depth++;
    } else if (character === '}' || character === ']') {
      depth--;
    }
    if (values > limits.values) throw tooComplex(`has more than ${limits.values} values`);
    if (depth > limits.depth) throw tooComplex(`is nested more than ${limits.depth} levels deep`);
  }
}

const tooComplex = (what: string): Problem => new Problem('body-too-complex', `The body ${what}.`);
