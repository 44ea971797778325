import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { port, readEnvironment, readOrExit, temporalSettings } from '@shop/runtime/environment';
import { configuredAddress } from '@shop/runtime/temporal-profile';
import { checkKeyPairs } from '@shop/runtime/tls-files';
import { z } from 'zod';
import { withCodec } from './codec-for-cli';
import { cliEnvironment, findTemporalCli } from './temporal-cli';

/** Implements `make temporal`: runs Temporal's CLI against the server that the services use. */
const settings = readOrExit(() =>
  readEnvironment(z.object({ ...temporalSettings, TEMPORAL_PORT: port(7233) }).superRefine(checkKeyPairs)),
);

/** Variables, so that flags on the command line override them. The CLI changes only its own configuration file. */
function environmentOf(command: string | undefined): NodeJS.ProcessEnv {
  if (command === 'config') return process.env;
  const { TEMPORAL_PORT, ...connection } = settings;
  const address = configuredAddress(process.env) ?? `localhost:${TEMPORAL_PORT}`;
  return cliEnvironment({ ...connection, TEMPORAL_ADDRESS: address });
}

async function main(): Promise<void> {
  const cli = await findTemporalCli((line) => void process.stderr.write(`${line}\n`));
  const args = process.argv.slice(2);
  process.on('SIGINT', () => undefined); // the terminal sends it to the CLI too, whose exit code counts
  process.exitCode = await withCodec(settings.PAYLOAD_KEYS, async (codec) => {
    const child = spawn(cli, args, { stdio: 'inherit', env: { ...codec, ...environmentOf(args[0]) } });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
