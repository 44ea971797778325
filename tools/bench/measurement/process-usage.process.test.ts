import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { cpuMsOf, parseMemory, memoryOf } from './process-usage';

const WORK = 'const end = process.cpuUsage().user + 400_000; while (process.cpuUsage().user < end);';

/** A process whose child uses 0.4 s of CPU time; prints a line when the child has ended. */
const PARENT = `
  require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(WORK)}]);
  console.log('done');
  setTimeout(() => {}, 60_000);`;

test('counts the CPU time of a child process that has ended', async () => {
  const parent = spawn(process.execPath, ['-e', PARENT], { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(parent.stdout, 'data');
    const [cpuMs] = cpuMsOf([parent.pid!]);
    expect(cpuMs).toBeGreaterThanOrEqual(400);
    expect(cpuMs).toBeLessThan(5_000);
  } finally {
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  }
});

test('reads the memory of a process, and zero for a process that has ended', async () => {
  const child = spawn(process.execPath, ['-e', '1'], { env: process.env });
  await once(child, 'exit');
  const [current, ended] = memoryOf([process.pid, child.pid!]);
  expect(current?.total).toBeGreaterThan(10);
  expect(current?.private).toBeGreaterThan(10);
  expect(ended).toEqual({ total: 0, private: 0 });
});

test('does not count shared memory segments as private', () => {
  const rollup = 'Rss: 204800 kB\nPss:             102400 kB\nPss_Anon:   61440 kB\nPss_Shmem:       40960 kB\n';
  expect(parseMemory(rollup)).toEqual({ total: 100, private: 60 });
});
