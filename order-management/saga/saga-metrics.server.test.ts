import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { bundlePath } from '@shop/workflows/bundle-path';
import { ORDER_TASK_QUEUE, orderWorkflowId } from '@shop/workflows/contract';
import type { placeOrder } from '@shop/workflows/place-order';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { anOrder } from '../../test/saga-workers';
import { eventually } from '../../test/eventually';
import { createNamespace } from '../../test/servers';
import { silentLog } from '../../test/silent-log';
import { countFailingSagas } from './saga-metrics';

let connection: NativeConnection;
let client: Client;
let namespace: string;

beforeAll(async () => {
  installTemporalRuntime(silentLog);
  const created = await createNamespace('saga-metrics');
  ({ namespace } = created);
  connection = await NativeConnection.connect({ address: created.address });
  client = new Client({ connection, namespace });
});
afterAll(async () => {
  await connection.close();
  await Runtime.instance().shutdown();
});

test('a saga whose workflow task fails again and again is counted, and one that waits for a worker is not', async () => {
  const temporal = { call: <T>(use: (one: Client) => Promise<T>): Promise<T> => use(client) };
  const order = anOrder();
  await client.workflow.start<typeof placeOrder>('placeOrder', {
    workflowId: orderWorkflowId(order.orderId),
    taskQueue: ORDER_TASK_QUEUE,
    args: [order],
  });
  await eventually(async () => expect((await client.workflow.count()).count).toBe(1));
  expect(await countFailingSagas(temporal, 'placeOrder', 0)).toBe(0);

  // A worker that lacks the activities of the saga: each workflow task fails, as with a defect of the workflow code.
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: ORDER_TASK_QUEUE,
    workflowBundle: { codePath: bundlePath('place-order') },
    activities: { other: () => Promise.resolve() },
  });
  await worker.runUntil(() =>
    eventually(async () => expect(await countFailingSagas(temporal, 'placeOrder', 0)).toBe(1), 60_000),
  );
  expect(await countFailingSagas(temporal, 'refundPayment', 0)).toBe(0);
});
