import { readFileSync } from 'node:fs';
import { promiseHooks } from 'node:v8';
import { bundlePath } from '@shop/workflows/bundle-path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { Worker, type ReplayHistoriesIterable } from '@temporalio/worker';

/** The promises that workflow code creates for one recorded saga. */
export interface PromiseCount {
  file: string;
  promises: number;
  /** How many promises each line of the saga's code creates, in the order in which they are created. */
  places: Map<string, number>;
}

/**
 * Counts the promises that workflow code creates when recorded sagas are replayed, including those of the SDK.
 *
 * For each of them the SDK's promise hook takes a stack trace, maps it through the source map and sets `runId` on the
 * promise. A replay worker runs workflow code in the current thread (`debugMode`), so a second hook sees the same
 * promises.
 *
 * @param files histories, as `temporal workflow show --output json` prints them
 * @throws {Error} if the workflow code cannot replay a history
 */
export async function* countPromises(files: string[]): AsyncGenerator<PromiseCount> {
  let places: string[] = [];
  const record = (promise: Promise<unknown>): void => {
    if ('runId' in promise) places.push(placeOf(promise));
  };
  let stopRecording: (() => void) | undefined;
  const histories: ReplayHistoriesIterable = (function* () {
    for (const file of files) {
      // The worker requests the first history after it has installed the SDK's hook. Hooks run in order of installation.
      stopRecording ??= promiseHooks.onInit(record) as () => void;
      places = [];
      yield { workflowId: file, history: historyFromJSON(JSON.parse(readFileSync(file, 'utf8'))) };
    }
  })();
  const workflowBundle = { codePath: bundlePath('place-order') };
  try {
    for await (const { workflowId: file, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
      if (error) throw new Error(`${file} cannot be replayed: ${error.message}`, { cause: error });
      yield { file, promises: places.length, places: countEqual(places) };
    }
  } finally {
    stopRecording?.();
  }
}

/** Finds the line of the saga's code that creates a promise, or the line of the SDK if the saga's code is not involved. */
function placeOf(promise: Promise<unknown>): string {
  // The SDK maps only the stack traces of errors that are created in the workflow's own realm.
  const WorkflowError = promise.constructor.constructor('return Error')() as ErrorConstructor;
  const frames = (new WorkflowError().stack ?? '').split('\n').slice(1);
  const inSaga = /at (.+) \(.*\/(workflows\/[^/]+:\d+):\d+\)/;
  const inSdk = /at (.+) \(.*\/(@temporalio\/workflow\/[^:]+:\d+):\d+\)/;
  for (const pattern of [inSaga, inSdk]) {
    const [, name, line] = frames.map((frame) => pattern.exec(frame)).find((match) => match !== null) ?? [];
    if (name !== undefined) return `${name} (${line})`;
  }
  return 'Promise.then, called when an async function returns a promise'; // its stack has no frame of the workflow
}

function countEqual(values: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
