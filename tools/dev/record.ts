import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readEnvironment, readOrExit, temporalSettings } from '@shop/runtime/environment';
import { checkKeyPairs } from '@shop/runtime/tls-files';
import { z } from 'zod';
import { withCodec } from './codec-for-cli';
import { runProgram } from './programs';
import { cliEnvironment, findTemporalCli } from './temporal-cli';

/** `make record`: adds the history of a saga to the histories that every later version must replay. */
const settings = readOrExit(() =>
  readEnvironment(
    z
      .object({
        ...temporalSettings,
        /** The saga's workflow id. */
        SAGA: z.string({ error: 'Set it to the workflow id of the saga, for example order-3f2a….' }),
        /** What happens in the saga, in a few words. */
        NAME: z
          .string({ error: 'Set it to what happens in the saga, for example ships-after-a-late-answer.' })
          .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, {
            error: 'may contain only lower-case letters, digits and single dashes.',
          }),
      })
      .superRefine(checkKeyPairs),
  ),
);

const histories = join(require.resolve('@shop/workflows/package.json'), '..', 'histories');

async function record(): Promise<void> {
  const { SAGA: saga, NAME: name } = settings;
  const cli = await findTemporalCli((line) => void process.stdout.write(`${line}\n`));
  const show = ['workflow', 'show', '--workflow-id', saga, '--output', 'json'];
  const json = await withCodec(settings.PAYLOAD_KEYS, (codec) =>
    runProgram(cli, show, { env: { ...cliEnvironment(settings), ...codec } }),
  );
  const file = join(histories, `${name}.json`);
  // The tests have no keys, so payloads are decrypted. The identities contain the names of machines.
  writeFileSync(file, json.replaceAll(/("identity": )"[^"]*"/g, '$1"recorded"'), { flag: 'wx' });
  process.stdout.write(`${relative(process.cwd(), file)} was recorded. make test replays it from now on.\n`);
}

record().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
