import { expect, test } from '@jest/globals';
import { faultOf, UnavailableError } from './fault';

test.each([
  [new TypeError('x is not a function'), 'bug'],
  [new RangeError('Maximum call stack size exceeded'), 'bug'],
  [new ReferenceError('x is not defined'), 'bug'],
  [new SyntaxError('Unexpected token'), 'bug'],
  [Object.assign(new Error('relation "nope" does not exist'), { code: '42P01', severity: 'ERROR' }), 'bug'],
  [Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' }), 'unavailable'],
  [new UnavailableError('gone'), 'unavailable'],
  [new (class extends UnavailableError {})('gone'), 'unavailable'],
  [Object.assign(new Error('value too long'), { code: '22001', severity: 'ERROR' }), 'input'],
  [new Error('unforeseen'), 'unknown'],
  [undefined, 'unknown'],
])('%s is %s', (error, fault) => {
  expect(faultOf(error)).toBe(fault);
});
