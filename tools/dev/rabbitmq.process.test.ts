import { expect, test } from '@jest/globals';
import { freePort } from './ports';
import { findOrStartRabbitMq } from './rabbitmq';

test('does without RabbitMQ where it cannot be had, and says what is missing and how to get it', async () => {
  const said: string[] = [];
  const nothing = { start: () => Promise.reject(new Error('There is nothing to start.')) };
  const wanted = { given: null, port: await freePort(), folder: 'none' };

  const url = await findOrStartRabbitMq(
    wanted,
    nothing,
    (line) => void said.push(line),
    async () => null,
  );

  expect(url).toBeNull();
  expect(said.join('\n')).toMatch(/none to be had; payments are asked for by Temporal[^]*install rabbitmq-server/);
});
