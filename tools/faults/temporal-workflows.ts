import { setTimeout as delay } from 'node:timers/promises';
import { Client as TemporalClient, Connection } from '@temporalio/client';

const TERMINATE_FOR_MS = 3_000;

/** Terminates up to `count` running sagas, as an operator would. @returns the number of sagas */
export async function terminateSagas(address: string, count: number): Promise<number> {
  return withTemporal(address, async (client) => {
    const terminated = new Set<string>();
    // The list of workflows lags behind, so that most sagas in it have already ended: it is read several times.
    for (const end = Date.now() + TERMINATE_FOR_MS; Date.now() < end; await delay(50)) {
      for await (const { workflowId, runId } of client.workflow.list({ query: RUNNING_SAGAS, pageSize: count })) {
        if (terminated.size === count) return count;
        const saga = client.workflow.getHandle(workflowId, runId);
        await saga.terminate('by the fault test').then(
          () => terminated.add(runId),
          () => undefined, // it has ended in the meantime
        );
      }
    }
    return terminated.size;
  });
}

const RUNNING_SAGAS = "WorkflowType = 'placeOrder' AND ExecutionStatus = 'Running'";

/** Returns the number of running workflows: sagas and refunds. */
export const countRunningWorkflows = (address: string): Promise<number> =>
  withTemporal(address, async (client) => (await client.workflow.count("ExecutionStatus = 'Running'")).count);

/** Uses a server over a separate connection. */
export async function withTemporal<T>(address: string, use: (client: TemporalClient) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: '5s' });
  try {
    return await use(new TemporalClient({ connection }));
  } finally {
    await connection.close();
  }
}
