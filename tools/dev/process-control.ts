import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readOrExit } from '@shop/runtime/environment';
import { lockOwner } from './data-folder';
import { ProcessFiles } from './process-files';
import { readSettings } from './settings';
import { SetupError } from './setup-error';

/** `make stop` and `make start`: stop and start one of the processes that `make run` has started. */
const dataFolder = resolve(readOrExit(readSettings).DATA_FOLDER);
const files = new ProcessFiles(dataFolder);

async function control(command: string, name: string): Promise<void> {
  refuseWithoutRun();
  const states = files.states();
  if (!states.has(name)) {
    const known = Array.from(states, ([other, state]) => `  ${other} (${state})`).join('\n');
    throw new SetupError(`Set SERVICE to one of the processes that make run has started:\n${known}`);
  }
  if (command === 'stop') {
    files.requestStop(name);
    await until(name, 'stopped');
    process.stdout.write(`${name} is stopped. Start it again with: make start SERVICE=${name}\n`);
  } else {
    files.requestStart(name);
    await until(name, 'running');
    process.stdout.write(`${name} is running.\n`);
  }
}

async function until(name: string, state: string): Promise<void> {
  while (files.states().get(name) !== state) {
    refuseWithoutRun();
    await delay(100);
  }
}

function refuseWithoutRun(): void {
  if (lockOwner(dataFolder) === null) {
    throw new SetupError(`make run is not running with the data folder ${dataFolder}: start it first.`);
  }
}

const [command = '', name = ''] = process.argv.slice(2);
control(command, name).catch((error: unknown) => {
  process.stderr.write(`${error instanceof SetupError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
