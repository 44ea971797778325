import { afterEach, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { SERVICES } from '@shop/dev/service-program';
import { eventually } from './eventually';
import { ServiceProcess } from './service-process';

afterEach(() => ServiceProcess.endAll());

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

test.each(SERVICES)('%s serves its metrics on the management port, before its database is available', async (name) => {
  const port = await freePort();
  const service = await ServiceProcess.launch(name, {
    DATABASE_URL: 'postgresql://postgres:postgres@localhost:1/shop',
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
    MANAGEMENT_PORT: String(port),
  });

  await eventually(async () => expect(await statusOf(`${service.url}/livez`)).toBe(200), 60_000);
  expect(await statusOf(`http://localhost:${port}/metrics`)).toBe(200);
  expect(await statusOf(`http://localhost:${port}/readyz`)).toBe(503);
  expect(await statusOf(`${service.url}/metrics`)).toBe(404);
  expect(await service.end('SIGTERM')).toMatchObject({ code: 0 });
});
