import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createNamespace } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { registerSearchAttributes } from './register-search-attributes';
import { Sagas } from './sagas';

let connection: NativeConnection;
let namespace: string;
let sagas: Sagas;
beforeAll(async () => {
  const server = await createNamespace('attributes');
  ({ namespace } = server);
  connection = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection, namespace });
  const payment = { channel: 'events', maxRequests: 1, answerTimeoutMs: 1_000 } as const;
  sagas = new Sagas({ call: (use) => use(client) }, payment);
});
afterAll(() => connection.close());

test('registers search attributes that a saga can use immediately', async () => {
  await registerSearchAttributes(connection, namespace, silentLog);
  expect(await sagas.start({ orderId: '1', customerId: 'a', totalAmount: '1.00' })).toBe(true);
});

test('does not change search attributes that are registered already', async () => {
  await registerSearchAttributes(connection, namespace, silentLog);
  expect(await sagas.start({ orderId: '2', customerId: 'a', totalAmount: '1.00' })).toBe(true);
});
