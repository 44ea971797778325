import { expect, test } from '@jest/globals';
import { freePort } from './ports';
import { findOrStartRabbitMq } from './rabbitmq';

test('runs without RabbitMQ if it cannot be installed, and prints how to install it', async () => {
  const lines: string[] = [];
  const starter = { start: () => Promise.reject(new Error('No server is to be started.')) };
  const options = { configuredUrl: null, port: await freePort(), folder: 'none' };

  const url = await findOrStartRabbitMq(
    options,
    starter,
    (line) => void lines.push(line),
    async () => null,
  );

  expect(url).toBeNull();
  expect(lines.join('\n')).toMatch(/not available here; sagas request payments by Temporal[^]*install rabbitmq-server/);
});
