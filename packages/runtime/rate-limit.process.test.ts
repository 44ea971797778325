import { afterEach, expect, test } from '@jest/globals';
import { anOperation } from '../../test/an-operation';
import { silentLog } from '../../test/silent-log';
import { OPEN, type HttpPolicy } from './http-policy';
import { createHttpApp, serveHttp } from './http-server';

let server: Awaited<ReturnType<typeof serveHttp>>;
afterEach(() => server.stop());

const readiness = async () => ({ ready: true, checks: {} });

async function serve(policy: Partial<HttpPolicy>): Promise<void> {
  const operations = [
    anOperation({ method: 'get', path: '/thing', handle: ({ response }) => void response.send('done') }),
  ];
  const app = createHttpApp({
    log: silentLog,
    prefixes: ['/shop'],
    operations,
    readiness,
    policy: { ...OPEN, ...policy },
  });
  server = await serveHttp(app, 0);
}

const get = (headers: Record<string, string> = {}, path = '/shop/thing'): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
const statusOf = async (headers: Record<string, string>): Promise<number> => (await get(headers)).status;

test('there is no limit by default', async () => {
  await serve({});
  expect((await get()).headers.has('ratelimit')).toBe(false);
});

test('a client that has used up its requests is answered with 429, except to health checks', async () => {
  await serve({ requestsPerMinute: 2 });
  const first = await get();
  expect([first.status, first.headers.get('ratelimit')]).toEqual([
    200,
    expect.stringMatching(/^"address"; r=1; t=\d+$/),
  ]);
  await get();

  const third = await get();
  expect([third.status, await third.json()]).toEqual([429, expect.objectContaining({ code: 'too-many-requests' })]);
  expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await get({}, '/readyz')).status).toBe(200);
  expect((await get({}, '/livez')).status).toBe(200);
});

test('X-Forwarded-For names the client only if it comes from a trusted proxy', async () => {
  await serve({ requestsPerMinute: 1, trustedProxies: ['127.0.0.1'] });
  expect(await statusOf({ 'X-Forwarded-For': '10.0.0.1' })).toBe(200);
  expect(await statusOf({ 'X-Forwarded-For': '10.0.0.2' })).toBe(200);
  expect(await statusOf({ 'X-Forwarded-For': '10.0.0.1' })).toBe(429);
  await server.stop();

  await serve({ requestsPerMinute: 1 });
  expect(await statusOf({ 'X-Forwarded-For': '10.0.0.1' })).toBe(200);
  expect(await statusOf({ 'X-Forwarded-For': '10.0.0.2' })).toBe(429);
});

test('a credential has a limit of its own, from whatever address it is used', async () => {
  await serve({ requestsPerMinute: 1, trustedProxies: ['127.0.0.1'] });
  expect(await statusOf({ 'X-Forwarded-For': '10.0.0.1', Authorization: 'Bearer one' })).toBe(200);
  expect(await statusOf({ 'X-Forwarded-For': '10.0.0.2', Authorization: 'Bearer one' })).toBe(429);
  expect(await statusOf({ 'X-Forwarded-For': '10.0.0.3', Authorization: 'Bearer two' })).toBe(200);
});
