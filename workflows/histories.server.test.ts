import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { Runtime, Worker } from '@temporalio/worker';
import { HISTORIES } from '../test/saga-workers';
import { silentLog } from '../test/silent-log';
import { bundlePath } from './bundle-path';

// A saga that runs while a new version is deployed goes on in the new code, which must then decide as the old one did.
// Each file is the history of one path, as some version recorded it; none may be deleted to make a change pass.
const files = readdirSync(HISTORIES).filter((file) => file.endsWith('.json'));

installTemporalRuntime(silentLog);
afterAll(() => Runtime.instance().shutdown());

test('there are recorded histories', () => {
  expect(files.length).toBeGreaterThan(0);
});

test.each(files)('the saga still replays %s', async (file) => {
  const history = historyFromJSON(JSON.parse(readFileSync(join(HISTORIES, file), 'utf8')));
  await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath('place-order') } }, history);
});
