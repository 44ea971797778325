import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { temporaryFolder } from '../../test/temporary-folder';
import { isRunning } from './programs';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('step');
});
afterEach(() => rmSync(folder, { recursive: true }));

const STEP = join(__dirname, 'step.mjs');
const run = (script: string): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [STEP, 'Building', '1 minute', 'sh', '-c', script], { encoding: 'utf8' });

test('prints the step and its estimate, but not the output of a successful program', () => {
  expect(run('echo chatter; echo chatter >&2')).toMatchObject({
    status: 0,
    stdout: 'Building … (1 minute)\n  done after 0 s\n',
    stderr: '',
  });
});

test('prints the output of a failed program, and exits with its exit code', () => {
  expect(run('echo chatter; echo "no such file" >&2; exit 3')).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/no such file\n[^]*Building: failed after 0 s\n$/),
  });
});

test('fails if npm could not write all files although it exits with 0', () => {
  expect(run('echo "npm warn tar TAR_ENTRY_ERROR ENOSPC"').status).toBe(1);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s kills the program and its processes immediately', async (signal, exitCode) => {
  const pidFile = join(folder, 'pid');
  // Ignores the signals, as npm does while it unpacks.
  const script = `trap "" INT TERM; sleep 60 & echo $! > ${pidFile}; wait`;
  const step = spawn(process.execPath, [STEP, 'Building', '1 minute', 'sh', '-c', script]);
  const errors = text(step.stderr);
  const ended = once(step, 'exit');
  await eventually(() => expect(readFileSync(pidFile, 'utf8')).toMatch(/\d/));

  step.kill(signal);

  await expect(ended).resolves.toEqual([exitCode, null]);
  await expect(errors).resolves.toMatch(/Building: interrupted after/);
  await eventually(() => expect(isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false));
});
