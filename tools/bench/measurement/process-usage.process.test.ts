import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { cpuMsOf, memoryIn, memoryOf } from './process-usage';

const WORK = 'const end = process.cpuUsage().user + 400_000; while (process.cpuUsage().user < end);';

/** A process that starts another, which works for 0.4 s of CPU time; says so once that has ended. */
const PARENT = `
  require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(WORK)}]);
  console.log('done');
  setTimeout(() => {}, 60_000);`;

test('the CPU time of what a process has started is counted, also once that has ended', async () => {
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

test('a process has memory, and one that has ended has none', async () => {
  const child = spawn(process.execPath, ['-e', '1'], { env: process.env });
  await once(child, 'exit');
  const [own, ended] = memoryOf([process.pid, child.pid!]);
  expect(own?.all).toBeGreaterThan(10);
  expect(own?.own).toBeGreaterThan(10);
  expect(ended).toEqual({ all: 0, own: 0 });
});

test("memory set aside for sharing is not a process's own", () => {
  const rollup = 'Rss: 204800 kB\nPss:             102400 kB\nPss_Anon:   61440 kB\nPss_Shmem:       40960 kB\n';
  expect(memoryIn(rollup)).toEqual({ all: 100, own: 60 });
});
