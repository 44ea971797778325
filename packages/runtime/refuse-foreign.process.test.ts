import { afterEach, describe, expect, test } from '@jest/globals';
import { anOperation } from '../../test/an-operation';
import { sendRaw } from '../../test/raw-http';
import { silentLog } from '../../test/silent-log';
import { z } from 'zod';
import { commonSettings, readEnvironment } from './environment';
import { createHttpApp, serveHttp } from './http-server';
import { httpPolicyOf } from './http-policy';

let server: Awaited<ReturnType<typeof serveHttp>>;
afterEach(() => server.stop());

/** Serves an app with the policy of these settings. */
async function serve(env: NodeJS.ProcessEnv = {}): Promise<void> {
  const config = readEnvironment(z.object(commonSettings), env);
  const operations = [
    anOperation({ method: 'post', path: '/thing', handle: ({ response }) => void response.send('done') }),
  ];
  const app = createHttpApp({
    log: silentLog,
    prefixes: ['/shop'],
    operations,
    readiness: async () => ({ ready: true, checks: {} }),
    policy: httpPolicyOf({ ...config, MANAGEMENT_PORT: 'same' }, config.LISTEN_ADDRESS),
  });
  server = await serveHttp(app, 0);
}

/** Sends a POST as a page can, without a preflight. @returns the status, and the code of a problem */
async function post(headers: string[]): Promise<[number, string | null]> {
  const request = { method: 'POST', target: '/shop/thing', headers: ['Content-Type: text/plain', ...headers] };
  const { status, body } = await sendRaw(server.port, { ...request, body: Buffer.from('{}') });
  return [status, status === 200 ? null : (JSON.parse(body) as { code: string }).code];
}

const DONE = [200, null];
const FOREIGN_HOST = [421, 'foreign-host'];
const FOREIGN_ORIGIN = [403, 'foreign-origin'];

describe('without authentication, on a loopback address', () => {
  test.each(['localhost', 'LOCALHOST:8001', '127.0.0.1', '127.1.2.3:80', '[::1]:8001'])(
    'a request for %s is answered',
    async (host) => {
      await serve();
      expect(await post([`Host: ${host}`])).toEqual(DONE);
    },
  );

  // After DNS rebinding, the browser of a person sends the requests of a foreign page here, under the name of the page.
  test.each([
    'shop',
    'evil.example:8001',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.7',
    '',
    'a@localhost',
  ])('a request for another host is refused: %s', async (host) => {
    await serve();
    expect(await post([`Host: ${host}`])).toEqual(FOREIGN_HOST);
  });

  test.each(['http://evil.example', 'http://localhost:3000', 'null', 'http://localhost:8001.evil.example'])(
    'a request of a page of another origin is refused: %s',
    async (origin) => {
      await serve();
      expect(await post(['Host: localhost:8001', `Origin: ${origin}`])).toEqual(FOREIGN_ORIGIN);
    },
  );

  test('a request of a page of the service is answered', async () => {
    await serve();
    expect(await post(['Host: localhost:8001', 'Origin: http://localhost:8001'])).toEqual(DONE);
  });

  test('a request of a page of an allowed origin, or for an allowed host, is answered', async () => {
    await serve({ CORS_ORIGINS: 'https://shop.example', ALLOWED_HOSTS: 'api.example, other.example' });

    expect(await post(['Host: localhost', 'Origin: https://shop.example'])).toEqual(DONE);
    expect(await post(['Host: API.example:8001'])).toEqual(DONE);
    expect(await post(['Host: api.example', 'Origin: https://other.example'])).toEqual(FOREIGN_ORIGIN);
  });
});

test.each(['/livez', '/readyz'])(
  'a check of the health at the address of the instance is answered: %s',
  async (target) => {
    await serve({ LISTEN_ADDRESS: '0.0.0.0', AUTH: 'none', ALLOWED_HOSTS: 'shop.example' });
    const { status } = await sendRaw(server.port, { method: 'GET', target, headers: ['Host: 10.1.2.3:8001'] });
    expect(status).toBe(200);
  },
);

describe('on another address', () => {
  const OTHER = { LISTEN_ADDRESS: '0.0.0.0', AUTH: 'none' };

  test('every host and origin is served', async () => {
    await serve(OTHER);
    expect(await post(['Host: shop', 'Origin: http://evil.example'])).toEqual(DONE);
  });

  test('a foreign host is refused if ALLOWED_HOSTS is set', async () => {
    await serve({ ...OTHER, ALLOWED_HOSTS: 'shop' });

    expect(await post(['Host: shop'])).toEqual(DONE);
    expect(await post(['Host: evil.example'])).toEqual(FOREIGN_HOST);
    expect(await post(['Host: shop', 'Origin: http://evil.example'])).toEqual(FOREIGN_ORIGIN);
  });
});

test('with authentication, every host is served', async () => {
  await serve({ AUTH: 'api-keys' });
  expect(await post(['Host: shop', 'Origin: http://evil.example'])).toEqual(DONE);
});
