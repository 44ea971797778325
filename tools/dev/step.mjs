/**
 * Runs a long step of the Makefile: `node step.mjs '<what it does>' '<how long it takes>' <program> <arguments>`.
 * Prints the elapsed time while the step runs, and its output only if it fails. Ctrl-C kills it immediately, together with
 * the processes that it has started. Works before anything is installed, so it imports no package.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const [step, estimate, program, ...args] = process.argv.slice(2);
const startedAt = Date.now();
const elapsed = () => `${Math.round((Date.now() - startedAt) / 1_000)} s`;

console.log(`${step} … (${estimate})`);
const reminder = setInterval(() => console.log(`  still running after ${elapsed()}`), 10_000);

// A separate process group, so that all its processes can be killed, even those that ignore Ctrl-C.
const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
let output = '';
for (const stream of [child.stdout, child.stderr]) {
  stream.setEncoding('utf8').on('data', (text) => (output += text));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
    console.error(`${step}: interrupted after ${elapsed()}`);
    process.exit(128 + constants.signals[signal]);
  });
}

child.on('error', (error) => end(1, error.message));
child.on('close', (code) => {
  // On a full disk npm only warns, and exits with 0.
  const isIncomplete = output.includes('TAR_ENTRY_ERROR');
  end(isIncomplete ? 1 : (code ?? 1), output);
});

function end(exitCode, details) {
  clearInterval(reminder);
  if (exitCode === 0) console.log(`  done after ${elapsed()}`);
  else console.error(`${details.trimEnd()}\n${step}: failed after ${elapsed()}`);
  process.exit(exitCode);
}
