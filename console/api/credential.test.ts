import { expect, test } from '@jest/globals';
import { parseCredential } from './credential';

test.each(['shop_1a2b3c4d_Zm9v-_9', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'a~b+c/d=='])(
  'accepts %s, also with white space around it',
  (credential) => {
    expect(parseCredential(credential)).toBe(credential);
    expect(parseCredential(`\n  ${credential}\u00a0\t\r\n`)).toBe(credential);
  },
);

test.each([
  ['shop_1a2b\nZm9v', 'white space (U+000A)'],
  ['Bearer shop_1a2b', 'white space (U+0020)'],
  ['shop_1a2b\u00a0Zm9v', 'white space (U+00A0)'],
  ['shор_1a2b', 'a character that no key or token has (U+043E)'],
  ['shop_1a2b\u200b', 'a character that no key or token has (U+200B)'],
  ['shop_1a2b…', 'a character that no key or token has (U+2026)'],
  ['shop_1a2b🔑', 'a character that no key or token has (U+1F511)'],
  ['shop_1a2b\0', 'a character that no key or token has (U+0000)'],
])('refuses %j, and names the character', (text, what) => {
  expect(() => parseCredential(text)).toThrow(`It contains ${what}. Copy it again.`);
});
