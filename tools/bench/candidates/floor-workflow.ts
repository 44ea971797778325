import { condition, defineSignal, proxySinks, setHandler, workflowInfo, type Sinks } from '@temporalio/workflow';

export const goOn = defineSignal('goOn');

export interface FloorSinks extends Sinks {
  floor: { ended: (orderId: string) => void };
}

const { floor } = proxySinks<FloorSinks>();

/** The least that a saga with one answer from outside can be. */
export async function waitForOneSignal(): Promise<void> {
  let told = false;
  setHandler(goOn, () => void (told = true));
  await condition(() => told);
  floor.ended(workflowInfo().workflowId);
}
