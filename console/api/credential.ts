import { ApiProblem } from './problem';

/** Matches characters that no API key or token contains. Most of them are not valid in a header. */
const INVALID_CHARACTER = /[^\x21-\x7e]/u;

/**
 * Reads a credential that a person has typed or pasted, without the white space around it.
 *
 * @throws {ApiProblem} if it contains a character that no credential has
 */
export function parseCredential(text: string): string {
  const credential = text.trim();
  const [character] = INVALID_CHARACTER.exec(credential) ?? [];
  if (character === undefined) return credential;
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  throw new ApiProblem(
    422,
    'no-credential',
    'This is not an API key or a token',
    `It contains ${/\s/.test(character) ? 'white space' : 'a character that no key or token has'} (U+${code}). Copy it again.`,
  );
}
