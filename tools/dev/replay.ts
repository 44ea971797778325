import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { integer, readEnvironment, readOrExit, temporalSettings } from '@shop/runtime/environment';
import { createLog } from '@shop/runtime/log';
import { PayloadEncryption } from '@shop/runtime/payload-encryption';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { bundleWorkflow } from '@shop/workflows/bundle';
import { bundledWorkflowOf, type BundledWorkflow } from '@shop/workflows/bundle-path';
import type { ReplayTraceSinks } from '@shop/workflows/replay-trace';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { Runtime, Worker, type InjectedSinks } from '@temporalio/worker';
import { checkKeyPairs } from '@shop/runtime/tls-files';
import { z } from 'zod';
import { runProgram } from './programs';
import { SetupError } from './setup-error';
import { cliEnvironment, findTemporalCli } from './temporal-cli';

/**
 * `make replay`: replays sagas and refunds against this code, either from files or the latest ones of a Temporal server,
 * running and closed. Prints each mismatch with its event and line of code, and then exits with 1.
 */
const settings = readOrExit(() =>
  readEnvironment(
    z
      .object({
        ...temporalSettings,
        /** How many workflows of the server to replay, the latest first. */
        LAST: integer(20, 1, 10_000),
      })
      .superRefine(checkKeyPairs),
  ),
);
const dataConverter = { payloadCodecs: [new PayloadEncryption(settings.PAYLOAD_KEYS)] };
const files = process.argv.slice(2);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Recorded {
  name: string;
  /** The output of `temporal workflow show --output json`. */
  json: unknown;
}

function* recordedIn(paths: string[]): Generator<Recorded> {
  for (const path of paths) {
    try {
      yield { name: basename(path), json: JSON.parse(readFileSync(path, 'utf8')) };
    } catch (error) {
      throw new SetupError(
        `${path} is not a history as temporal workflow show --output json writes it: ${String(error)}`,
      );
    }
  }
}

async function* recordedOnServer(): AsyncGenerator<Recorded> {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, LAST: last } = settings;
  const cli = await findTemporalCli(print);
  const env = cliEnvironment(settings);
  const temporal = async (...args: string[]): Promise<unknown> =>
    JSON.parse(await runProgram(cli, ['workflow', ...args, '--output', 'json'], { env }));
  print(`The last ${last} sagas and refunds of namespace ${namespace} at ${address}:`);
  const query = "WorkflowType IN ('placeOrder', 'refundPayment')";
  const listed = (await temporal('list', '--query', query, '--limit', String(last))) as {
    execution: { workflowId: string; runId: string };
  }[];
  for (const { execution } of listed) {
    const { workflowId, runId } = execution;
    yield { name: workflowId, json: await temporal('show', '--workflow-id', workflowId, '--run-id', runId) };
  }
}

async function replay(): Promise<{ replayed: number; mismatches: number }> {
  const bundles = new Map<BundledWorkflow, ReturnType<typeof bundleWorkflow>>();
  const bundleOf = (json: unknown): ReturnType<typeof bundleWorkflow> => {
    const started = historyFromJSON(json).events?.[0]?.workflowExecutionStartedEventAttributes;
    const workflow = bundledWorkflowOf(started?.workflowType?.name);
    const bundle =
      bundles.get(workflow) ??
      bundleWorkflow({
        workflowsPath: require.resolve(`@shop/workflows/${workflow}`),
        workflowInterceptorModules: [require.resolve('@shop/workflows/replay-trace')],
      });
    bundles.set(workflow, bundle);
    return bundle;
  };
  let commands: string[] = [];
  const sinks: InjectedSinks<ReplayTraceSinks> = {
    trace: {
      record: {
        fn: (_info, command, stack) => void commands.push(`${command}, ${lineIn(stack)}`),
        callDuringReplay: true,
      },
    },
  };

  const count = { replayed: 0, mismatches: 0 };
  for await (const { name, json } of files.length > 0 ? recordedIn(files) : recordedOnServer()) {
    commands = [];
    try {
      const workflowBundle = await bundleOf(json);
      await Worker.runReplayHistory({ workflowBundle, sinks, dataConverter }, historyFromJSON(json), name);
      print(`  replays   ${name}`);
    } catch (error) {
      count.mismatches++;
      print(`  MISMATCH  ${name}`);
      const reason = reasonOf(error);
      print(`            ${[eventIn(reason, json), reason].filter(Boolean).join(': ')}`);
      print(`            last command of the code: ${commands.at(-1) ?? 'none that is traced'}`);
    }
    count.replayed++;
  }
  return count;
}

/** Returns the message of Temporal's core without its wrapping. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message.replaceAll(/\s+/g, ' ');
}

/** Returns the event of a mismatch, if its reason contains the event's id or the number of a local activity. */
function eventIn(reason: string, json: unknown): string | null {
  const { events } = historyFromJSON(json);
  const id = /HistoryEvent\(id: (\d+)/.exec(reason)?.[1];
  const localActivity = /LocalActivity\((\d+)\)/.exec(reason)?.[1];
  const event = (events ?? []).find((candidate) => {
    if (id !== undefined) return String(candidate.eventId) === id;
    const marker = candidate.markerRecordedEventAttributes?.details?.['data']?.payloads?.[0];
    if (!marker || localActivity === undefined) return false;
    return defaultPayloadConverter.fromPayload<{ seq: number }>(marker).seq === Number(localActivity);
  });
  return event ? `event ${String(event.eventId)}` : null;
}

/** Returns the line of the saga in a stack trace: the first frame in our own workflow code. */
function lineIn(stack: string): string {
  const frames = stack
    .split('\n')
    .filter((line) => /workflows\/[\w-]+\.[jt]s/.test(line) && !line.includes('replay-trace'));
  return /workflows\/[\w-]+\.[jt]s:\d+/.exec(frames[0] ?? '')?.[0] ?? stack;
}

async function main(): Promise<void> {
  installTemporalRuntime(createLog('replay', 'silent'));
  try {
    const { replayed, mismatches } = await replay();
    print(`${replayed} replayed, ${mismatches} with a mismatch`);
    process.exitCode = mismatches > 0 || replayed === 0 ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  await Runtime.instance().shutdown();
}

void main();
