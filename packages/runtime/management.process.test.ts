import { afterEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { anOperation } from '../../test/an-operation';
import { silentLog } from '../../test/silent-log';
import { commonSettings, readEnvironment } from './environment';
import { httpPolicyOf } from './http-policy';
import { createHttpApp, serveHttp } from './http-server';
import type { Part } from './lifecycle';
import { serveManagement } from './management';

const parts: Part[] = [];
afterEach(async () => {
  for (const part of parts.splice(0)) await part.stop();
});

/** Serves an app, and its management port. @returns the URLs of both */
async function serve(MANAGEMENT_PORT: 0 | 'same', stopping = new AbortController().signal) {
  const config = { ...readEnvironment(z.object(commonSettings), {}), MANAGEMENT_PORT };
  const options = { log: silentLog, readiness: async () => ({ ready: true, checks: {} }), stopping };
  const operations = [
    anOperation({ method: 'get', path: '/thing', handle: ({ response }) => void response.send('done') }),
  ];
  const policy = httpPolicyOf(config, config.LISTEN_ADDRESS);
  const app = createHttpApp({ ...options, prefixes: ['/shop'], operations, policy });
  const management = await serveManagement(config, options);
  const api = await serveHttp(app, 0);
  parts.push(api, ...management);
  return {
    api: `http://localhost:${api.port}`,
    management: management.map(({ port }) => `http://localhost:${port}`)[0],
  };
}

const statusesAt = async (url: string | undefined): Promise<Record<string, number>> => {
  const paths = ['/livez', '/readyz', '/metrics', '/shop/thing', '/docs'];
  const answers = paths.map(async (path) => [path, (await fetch(url + path)).status] as const);
  return Object.fromEntries(await Promise.all(answers));
};

test('the metrics are on the management port only, the health checks on both ports, the API on its own', async () => {
  const { api, management } = await serve(0);

  expect(await statusesAt(api)).toEqual({
    '/livez': 200,
    '/readyz': 200,
    '/metrics': 404,
    '/shop/thing': 200,
    '/docs': 200,
  });
  expect(await statusesAt(management)).toEqual({
    '/livez': 200,
    '/readyz': 200,
    '/metrics': 200,
    '/shop/thing': 404,
    '/docs': 404,
  });
  expect(await (await fetch(`${management}/metrics`)).text()).toContain('http_request_duration_seconds');
});

test('`same` serves the metrics on the port of the API', async () => {
  const { api, management } = await serve('same');

  expect(management).toBeUndefined();
  expect(await statusesAt(api)).toMatchObject({ '/metrics': 200, '/shop/thing': 200 });
});

test('the management port reports that the service is stopping', async () => {
  const stopping = new AbortController();
  const { management } = await serve(0, stopping.signal);

  stopping.abort();

  expect((await fetch(`${management}/readyz`)).status).toBe(503);
  expect((await fetch(`${management}/metrics`)).status).toBe(200);
});

test('names its setting if the management port is in use', async () => {
  const { management } = await serve(0);
  const MANAGEMENT_PORT = Number(management?.split(':').at(-1));
  const config = { ...readEnvironment(z.object(commonSettings), {}), MANAGEMENT_PORT };
  const options = { log: silentLog, readiness: async () => ({ ready: true, checks: {} }) };

  await expect(serveManagement(config, options)).rejects.toMatchObject({
    message: expect.stringContaining('Set MANAGEMENT_PORT to a free port'),
    cause: { code: 'EADDRINUSE' },
  });
});
