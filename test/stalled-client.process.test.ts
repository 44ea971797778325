import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { SERVICES } from '@shop/dev/service-program';
import { eventually } from './eventually';
import { ServiceProcess } from './service-process';

afterEach(() => ServiceProcess.endAll());

// Such a client turned the stop of 1.1 s into one of 25.1 s.
test.each(SERVICES)('a client that stalls in the middle of a body does not delay the stop of %s', async (name) => {
  const service = await ServiceProcess.launch(name, {
    DATABASE_URL: 'postgresql://postgres:postgres@localhost:1/shop',
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
  });
  await eventually(async () => expect((await fetch(`${service.url}/livez`)).status).toBe(200), 60_000);
  const client = connect(Number(new URL(service.url).port), '127.0.0.1');
  await once(client, 'connect');
  client.write('POST /orderManagement/order HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"customerId":');
  await fetch(`${service.url}/livez`); // received after it
  const closed = once(client.resume(), 'close');

  expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(service.output).not.toContain('part did not stop in time');
  await closed;
});
