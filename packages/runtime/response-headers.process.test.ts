import { afterEach, describe, expect, test } from '@jest/globals';
import { anOperation } from '../../test/an-operation';
import { silentLog } from '../../test/silent-log';
import { OPEN } from './http-policy';
import { createHttpApp, serveHttp } from './http-server';

let server: Awaited<ReturnType<typeof serveHttp>>;
afterEach(() => server.stop());

async function serve(corsOrigins: string[] = []): Promise<string> {
  const app = createHttpApp({
    log: silentLog,
    prefixes: ['/shop'],
    operations: [anOperation({ method: 'get', path: '/thing', handle: ({ response }) => void response.json({}) })],
    readiness: async () => ({ ready: true, checks: {} }),
    policy: { ...OPEN, corsOrigins },
  });
  server = await serveHttp(app, 0);
  return `http://localhost:${server.port}`;
}

const CAREFUL = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

test.each(['/shop/thing', '/nowhere', '/livez'])('every answer has careful headers: %s', async (path) => {
  const { headers } = await fetch((await serve()) + path);

  expect(Object.fromEntries(headers)).toMatchObject(CAREFUL);
  expect(headers.has('strict-transport-security')).toBe(false);
  expect(headers.has('x-powered-by')).toBe(false);
});

test('the files of the reference page may be cached', async () => {
  const { headers } = await fetch(`${await serve()}/docs/start.js`);
  expect(headers.get('cache-control')).toBe('public, max-age=86400');
});

describe('a page of another origin', () => {
  const OURS = 'https://shop.example';

  test('can read no answer by default', async () => {
    const { headers } = await fetch(`${await serve()}/shop/thing`, { headers: { Origin: OURS } });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('can read the answers if its origin is allowed', async () => {
    const url = await serve([OURS]);

    const preflight = await fetch(`${url}/shop/thing`, {
      method: 'OPTIONS',
      headers: { Origin: OURS, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'if-match' },
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': OURS,
      'access-control-allow-methods': 'GET,HEAD,POST,PUT,PATCH,DELETE',
      'access-control-allow-headers': 'if-match',
      allow: 'GET, HEAD',
    });

    const { headers } = await fetch(`${url}/shop/thing`, { headers: { Origin: OURS } });
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-origin': OURS,
      'access-control-expose-headers': '*',
      vary: 'Origin',
    });
    const other = await fetch(`${url}/shop/thing`, { headers: { Origin: 'https://evil.example' } });
    expect(other.headers.has('access-control-allow-origin')).toBe(false);
  });
});
