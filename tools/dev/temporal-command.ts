import { spawn } from 'node:child_process';
import { commonSettings, port, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { findTemporalCli } from './temporal-cli';

/** Implements `make temporal`: runs Temporal's CLI against the server that the services use. */
const settings = readOrExit(() =>
  readEnvironment(
    z.object({
      TEMPORAL_PORT: port(7233),
      TEMPORAL_NAMESPACE: commonSettings.TEMPORAL_NAMESPACE,
      TEMPORAL_TLS: commonSettings.TEMPORAL_TLS,
    }),
  ),
);

/** Variables that the CLI reads, so that flags on the command line override them. It also reads TEMPORAL_API_KEY. */
const environment = {
  ...process.env,
  TEMPORAL_ADDRESS: process.env['TEMPORAL_ADDRESS'] || `localhost:${settings.TEMPORAL_PORT}`,
  TEMPORAL_NAMESPACE: settings.TEMPORAL_NAMESPACE,
  TEMPORAL_TLS: settings.TEMPORAL_TLS === 'on' ? 'true' : '',
};

async function main(): Promise<void> {
  const cli = await findTemporalCli((line) => void process.stderr.write(`${line}\n`));
  const child = spawn(cli, process.argv.slice(2), { stdio: 'inherit', env: environment });
  process.on('SIGINT', () => undefined); // the terminal sends it to the CLI too, whose exit code counts
  child.on('exit', (code) => (process.exitCode = code ?? 1));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
