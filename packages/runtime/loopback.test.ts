import { expect, test } from '@jest/globals';
import { isLoopback, isLoopbackHost } from './loopback';

test.each<[string, boolean, boolean]>([
  ['localhost', true, true],
  ['LOCALHOST', false, true],
  ['127.0.0.1', true, true],
  ['127.255.0.9', true, true],
  ['::1', true, false],
  ['[::1]', false, true],
  ['[localhost]', false, false],
  ['127.0.0.999', false, false],
  ['127.1', false, false],
  ['128.0.0.1', false, false],
  ['0.0.0.0', false, false],
  ['::', false, false],
  ['::ffff:127.0.0.1', false, false],
  ['[::ffff:7f00:1]', false, false],
  ['localhost.example', false, false],
  ['127.0.0.1.example', false, false],
  ['', false, false],
])('%j as an address is loopback: %p; as the host of a URL: %p', (text, address, host) => {
  expect([isLoopback(text), isLoopbackHost(text)]).toEqual([address, host]);
});
