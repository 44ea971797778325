import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const STACK = `
  let stack;
  try { require('@shop/runtime/build-id').buildIdOf('/no/such/file'); } catch (error) { stack = error.stack; }`;

test('stack traces name TypeScript lines in the main thread only, since Temporal maps those of the workflow thread', async () => {
  const thread = `${STACK} require('node:worker_threads').parentPort.postMessage(stack);`;
  const code = `
    require('@shop/runtime/source-maps');
    ${STACK}
    console.log(stack);
    new (require('node:worker_threads').Worker)(${JSON.stringify(thread)}, { eval: true }).on('message', console.log);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code]);
  const [ours, sagas, ...more] = stdout.split('ENOENT').slice(1);
  expect(ours).toMatch(/build-id\.ts:\d/);
  expect(sagas).toMatch(/build-id\.js:\d/);
  expect(more).toEqual([]);
});
