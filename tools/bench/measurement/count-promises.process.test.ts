import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { Runtime } from '@temporalio/worker';
import { HISTORIES } from '../../../test/saga-workers';
import { silentLog } from '../../../test/silent-log';
import { countPromises, type PromiseCount } from './count-promises';

// Each promise in workflow code costs the SDK a stack trace that is mapped through the source map: 52 µs. A change that
// needs more promises is measured with `make bench` first. `make bench-promises` shows where they are created.
const budgets: [history: string, budget: number][] = [
  ['over-rabbitmq-ships-an-order-in-one-workflow-task-if-the-answer-is-the-result-of-the-request', 30],
  ['over-rabbitmq-ships-an-order-whose-payment-succeeds', 48],
  ['over-rabbitmq-cancels-an-order-whose-payment-is-declined', 48],
  ['over-the-activity-channel-ships-an-order-whose-payment-succeeds', 30],
];

installTemporalRuntime(silentLog);
afterAll(() => Runtime.instance().shutdown());

async function count(history: string): Promise<PromiseCount> {
  for await (const counted of countPromises([join(HISTORIES, `${history}.json`)])) return counted;
  throw new Error(`${history} was not replayed.`);
}

test.each(budgets)('%s creates at most %i promises', async (history, budget) => {
  const { promises } = await count(history);
  expect(promises).toBeGreaterThan(10); // fewer: the promise hook does not see the workflow
  expect(promises).toBeLessThanOrEqual(budget);
});
