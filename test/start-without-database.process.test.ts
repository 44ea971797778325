import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from './eventually';
import { ServiceProcess } from './service-process';
import { UNREACHABLE } from './unreachable';

afterEach(() => ServiceProcess.endAll());

describe.each(['order-management', 'payment-processing'] as const)('%s', (service) => {
  test.each([
    ['refuses connections', 'localhost:1', 'ECONNREFUSED'],
    ['cannot be reached over the network', `${UNREACHABLE}:5432`, 'ENETUNREACH'],
    ['has a name that does not resolve', 'shop.invalid:5432', 'ENOTFOUND|EAI_AGAIN'],
  ])('waits while its database %s, and logs the reason', async (_, host, reason) => {
    const started = await ServiceProcess.launch(service, {
      DATABASE_URL: `postgresql://postgres:postgres@${host}/shop`,
      AMQP_URL: 'none',
      PAYMENT_CHANNEL: 'activity',
    });

    const waiting = new RegExp(`(${reason}).*"msg":"waiting for PostgreSQL"`, 'g');
    await eventually(async () => expect(started.output.match(waiting)?.length ?? 0).toBeGreaterThan(1), 60_000);

    expect(await started.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
