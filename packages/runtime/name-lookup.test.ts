import { lookup } from 'node:dns';
import { expect, test } from '@jest/globals';
import { shared } from './name-lookup';

type Callback = (...result: unknown[]) => void;

test.each([
  ['with options', [{ all: true }]],
  ['without options', []],
])('equal look-ups %s share one call, and a later one makes another', (_case, options) => {
  const calls: Callback[] = [];
  const results: string[] = [];
  const look = shared((_hostname, ...rest) => void calls.push(rest.at(-1) as Callback));

  for (const caller of ['first', 'second'])
    look('shop.example', ...options, (...result: unknown[]) => results.push(`${caller} ${result.join()}`));
  calls[0]?.(null, '192.0.2.1');
  look('shop.example', ...options, () => undefined);

  expect(results).toEqual(['first ,192.0.2.1', 'second ,192.0.2.1']);
  expect(calls).toHaveLength(2);
});

test('look-ups with different options do not share a call', () => {
  const calls: unknown[] = [];
  const look = shared((...call) => void calls.push(call));

  for (const family of [4, 6]) look('shop.example', { family }, () => undefined);

  expect(calls).toHaveLength(2);
});

test('every look-up with invalid options fails', () => {
  const look = shared(lookup as (hostname: string, ...rest: unknown[]) => void);

  for (let i = 0; i < 2; i++) expect(() => look('shop.example', { family: 5 }, () => undefined)).toThrow('family');
});
