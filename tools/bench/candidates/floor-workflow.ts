import { condition, defineSignal, proxySinks, setHandler, workflowInfo, type Sinks } from '@temporalio/workflow';

export const finish = defineSignal('finish');

export interface FloorSinks extends Sinks {
  floor: { ended: (orderId: string) => void };
}

const { floor } = proxySinks<FloorSinks>();

/** Waits for one signal: the smallest possible saga with one answer from outside. */
export async function waitForOneSignal(): Promise<void> {
  let signalled = false;
  setHandler(finish, () => void (signalled = true));
  await condition(() => signalled);
  floor.ended(workflowInfo().workflowId);
}
