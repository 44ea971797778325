import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type InjectedSinks } from '@temporalio/worker';
import { fromEnvironment } from './required-setting';
import { goOn, waitForOneSignal, type FloorSinks } from './floor-workflow';
import { serveOrders } from './order-api';

const TASK_QUEUE = 'floor';

/** Temporal's floor: a workflow that starts eagerly, takes one signal and ends; no database, no broker. */
async function main(): Promise<void> {
  const connection = await NativeConnection.connect({ address: fromEnvironment('TEMPORAL_ADDRESS') });
  const settledAtMs = new Map<string, number>();
  const sinks: InjectedSinks<FloorSinks> = {
    floor: { ended: { fn: (_info, orderId) => void settledAtMs.set(orderId, Date.now()), callDuringReplay: false } },
  };
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowsPath: require.resolve('./floor-workflow'),
    sinks,
    maxCachedWorkflows: 1_000, // as ours
  });
  const client = new Client({ connection });
  const app = serveOrders(async ({ orderId }) => {
    const saga = await client.workflow.start(waitForOneSignal, {
      workflowId: orderId,
      taskQueue: TASK_QUEUE,
      requestEagerStart: true,
    });
    saga.signal(goOn).catch(console.error);
  });
  app.get('/settled', (_request, response) => void response.json(settledAtMs.size));
  app.get('/settled/since/:ms', ({ params: { ms } }, response) => {
    response.json([...settledAtMs].filter(([, atMs]) => atMs >= Number(ms)));
  });
  await worker.run(); // until SIGTERM, which Temporal's runtime takes for itself
  process.exit();
}

void main();
