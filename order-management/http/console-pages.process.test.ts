import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { silentLog } from '../../test/silent-log';
import { temporaryFolder } from '../../test/temporary-folder';
import { consolePages } from './console-pages';

const folder = temporaryFolder('console');
let server: Awaited<ReturnType<typeof serveHttp>>;

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Console</title>');
  writeFileSync(join(folder, 'assets', 'index-a1b2.js'), 'render()');
  const app = createHttpApp({
    prefixes: ['/orderManagement'],
    pages: consolePages('http://localhost:8002', folder)!,
    log: silentLog,
    readiness: async () => ({ ready: true, checks: {} }),
  });
  server = await serveHttp(app, 0);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const get = (path: string, method = 'GET') => fetch(`http://localhost:${server.port}${path}`, { method });

test.each([
  '/',
  '/orders',
  '/orders/0b6f0b3a-1111-4222-8333-444455556666',
  '/place',
  '/catalog',
  '/attention',
  '/today/',
])(
  '%s is the page, which is checked for a new version each time and may load only files of the service',
  async (path) => {
    const response = await get(path);

    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('<title>Console')]);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; .*connect-src 'self' http:\/\/localhost:8002; /,
    );
  },
);

test('a file of the page has a hash in its name, and may be cached for ever', async () => {
  const response = await get('/assets/index-a1b2.js');

  expect(await response.text()).toBe('render()');
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
});

describe('what is no page of the console', () => {
  test.each([
    ['GET', '/other'],
    ['GET', '/orders/1/2'],
    ['GET', '/assets/index-0000.js'],
    ['GET', '/assets/../index.html'],
    ['GET', '/assets/%2e%2e/index.html'],
    ['GET', '/orderManagement/other'],
    ['POST', '/'],
    ['DELETE', '/orders'],
  ])('%s %s is answered with the problem of an unknown path', async (method, path) => {
    const response = await get(path, method);

    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'route-not-found' }),
    ]);
  });
});

test('a console that is not built is not served', () => {
  expect(consolePages(null, join(folder, 'absent'))).toBeNull();
});
