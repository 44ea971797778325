import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type InjectedSinks } from '@temporalio/worker';
import { finish, waitForOneSignal, type FloorSinks } from './floor-workflow';
import { serveOrders } from './order-api';
import { requiredSetting } from './required-setting';

const TASK_QUEUE = 'floor';

/** Runs Temporal's floor: a workflow that starts eagerly, receives one signal and ends, without database or broker. */
async function main(): Promise<void> {
  const connection = await NativeConnection.connect({ address: requiredSetting('TEMPORAL_ADDRESS') });
  const settledAtMs = new Map<string, number>();
  const sinks: InjectedSinks<FloorSinks> = {
    floor: { ended: { fn: (_info, orderId) => void settledAtMs.set(orderId, Date.now()), callDuringReplay: false } },
  };
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowsPath: require.resolve('./floor-workflow'),
    sinks,
    maxCachedWorkflows: 1_000, // the same as in this shop
  });
  const client = new Client({ connection });
  const app = serveOrders(async ({ orderId }) => {
    const saga = await client.workflow.start(waitForOneSignal, {
      workflowId: orderId,
      taskQueue: TASK_QUEUE,
      requestEagerStart: true,
    });
    saga.signal(finish).catch(console.error);
  });
  app.get('/settled', (_request, response) => void response.json(settledAtMs.size));
  app.get('/settled/since/:ms', ({ params: { ms } }, response) => {
    response.json([...settledAtMs].filter(([, atMs]) => atMs >= Number(ms)));
  });
  await worker.run(); // until SIGTERM, which Temporal's runtime handles
  process.exit();
}

void main();
