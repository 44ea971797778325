import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { Runtime, Worker } from '@temporalio/worker';
import { HISTORIES } from '../test/saga-workers';
import { silentLog } from '../test/silent-log';
import { bundledWorkflowOf, bundlePaths } from './bundle-path';

// If a new version is deployed while a saga runs, the saga continues in the new code. The new code must issue the same
// commands as the old code did. Each file is the recorded history of one path. Never delete one to make a change pass.
// Reads every file before the tests start: another test file may record a history and delete it meanwhile.
const histories = readdirSync(HISTORIES)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file, readFileSync(join(HISTORIES, file), 'utf8')] as const);

installTemporalRuntime(silentLog);
afterAll(() => Runtime.instance().shutdown());

test('finds recorded histories', () => {
  expect(histories.length).toBeGreaterThan(0);
});

// A saga may continue in a process that traces, or in one that does not.
describe.each(['plain', 'traced'] as const)('the %s bundle', (bundle) => {
  test.each(histories)('replays %s', async (_file, json) => {
    const history = historyFromJSON(JSON.parse(json));
    const { name } = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType ?? {};
    const codePath = bundlePaths(bundledWorkflowOf(name))[bundle];
    await Worker.runReplayHistory({ workflowBundle: { codePath } }, history);
  });
});

test('some of the recorded sagas were traced', () => {
  const traced = histories.filter(([, json]) => json.includes('_tracer-data'));
  expect(traced.length).toBeGreaterThan(0);
});
