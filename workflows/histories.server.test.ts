import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { Runtime, Worker } from '@temporalio/worker';
import { HISTORIES } from '../test/saga-workers';
import { silentLog } from '../test/silent-log';
import { bundledWorkflowOf, bundlePath } from './bundle-path';

// If a new version is deployed while a saga runs, the saga continues in the new code. The new code must issue the same
// commands as the old code did. Each file is the recorded history of one path. Never delete one to make a change pass.
const files = readdirSync(HISTORIES).filter((file) => file.endsWith('.json'));

installTemporalRuntime(silentLog);
afterAll(() => Runtime.instance().shutdown());

test('finds recorded histories', () => {
  expect(files.length).toBeGreaterThan(0);
});

test.each(files)('replays %s', async (file) => {
  const history = historyFromJSON(JSON.parse(readFileSync(join(HISTORIES, file), 'utf8')));
  const { name } = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType ?? {};
  await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath(bundledWorkflowOf(name)) } }, history);
});
