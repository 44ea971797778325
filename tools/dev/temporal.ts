import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TemporalSecurity } from '@shop/runtime/temporal-security';
import { SEARCH_ATTRIBUTES } from '@shop/workflows/search-attributes';
import { Connection } from '@temporalio/client';
import { freePort, isTaken, thisOrFreePort } from './ports';
import { withProgress, type Print } from './progress';
import type { Starter } from './servers';
import { SetupError } from './setup-error';
import { findTemporalCli } from './temporal-cli';

export interface FoundTemporal {
  address: string;
  /** The URL of its Web UI; null if unknown. */
  uiUrl: string | null;
  /** The path of its CLI; null if the server was not started here. */
  cli: string | null;
}

/**
 * Finds Temporal: the configured server, the one on the default port, or a development server that it starts.
 *
 * @param configuredAddress TEMPORAL_ADDRESS; null if it is not set
 * @param security of a server that is already running
 * @param databaseFile the SQLite file of a server that it starts
 * @param codecEndpoint the URL of the codec server that its Web UI uses; null if it needs none
 * @throws {SetupError} if the configured server is unavailable
 */
export async function findOrStartTemporal(
  {
    configuredAddress,
    security,
    port,
    uiPort,
    databaseFile,
    codecEndpoint,
  }: {
    configuredAddress: string | null;
    security: TemporalSecurity;
    port: number;
    uiPort: number;
    databaseFile: string;
    codecEndpoint: string | null;
  },
  servers: Starter,
  print: Print,
): Promise<FoundTemporal> {
  const runningUi = async () => ((await isTaken(uiPort)) ? `http://localhost:${uiPort}` : null);
  if (configuredAddress !== null) {
    if (!(await isAvailable(configuredAddress, security))) {
      throw new SetupError(
        `TEMPORAL_ADDRESS: Temporal at ${configuredAddress} is unavailable. Start it, or unset TEMPORAL_ADDRESS.`,
      );
    }
    print(`Temporal: using the server at ${configuredAddress} (TEMPORAL_ADDRESS)`);
    return { address: configuredAddress, uiUrl: await runningUi(), cli: null };
  }
  if (await isAvailable(`localhost:${port}`, security)) {
    print(`Temporal: using the server on port ${port}`);
    return { address: `localhost:${port}`, uiUrl: await runningUi(), cli: null };
  }

  for (const taken of [port, uiPort]) {
    if (await isTaken(taken)) print(`Temporal: port ${taken} is taken by a process that is not usable`);
  }
  const ownPort = await thisOrFreePort(port);
  const ownUiPort = await thisOrFreePort(uiPort);
  const cli = await findTemporalCli(print);
  const address = await withProgress(print, 'Temporal: starting', () =>
    startTemporal({ cli, port: ownPort, uiPort: ownUiPort, databaseFile, codecEndpoint }, servers),
  );
  print(`Temporal: started on port ${ownPort}, with its data in ${databaseFile}`);
  return { address, uiUrl: `http://localhost:${ownUiPort}`, cli };
}

/**
 * Starts Temporal's development server.
 *
 * @param cli as `findTemporalCli` returns it
 * @param uiPort the port of its Web UI, which is off by default
 * @param databaseFile the SQLite file of its data; by default the data is in memory and ends with the server
 * @returns its address
 */
export async function startTemporal(
  {
    cli,
    port,
    uiPort,
    databaseFile,
    codecEndpoint = null,
  }: { cli: string; port: number; uiPort?: number; databaseFile?: string; codecEndpoint?: string | null },
  servers: Starter,
): Promise<string> {
  const options: string[] = ['--ip', '127.0.0.1', '--port', String(port), '--http-port', String(await freePort())];
  options.push('--metrics-port', String(await freePort()), '--log-level', 'warn');
  options.push(...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]));
  if (codecEndpoint !== null) options.push('--ui-codec-endpoint', codecEndpoint);
  // Registered at the start, so that the server need not refresh its cache of them for each workflow.
  options.push(...SEARCH_ATTRIBUTES.flatMap(({ name, type }) => ['--search-attribute', `${name}=${type}`]));
  options.push('--dynamic-config-value', 'system.forceSearchAttributesCacheRefreshOnRead=false');
  const unfinished = `${databaseFile}.unfinished`; // exists until the server has created its database
  if (databaseFile !== undefined) {
    mkdirSync(dirname(databaseFile), { recursive: true });
    if (existsSync(unfinished))
      for (const part of ['', '-wal', '-shm']) rmSync(`${databaseFile}${part}`, { force: true });
    if (!existsSync(databaseFile)) writeFileSync(unfinished, '');
    // Twice as fast, and as safe if the process is killed. After a power cut the sweeper restarts the lost sagas.
    const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];
    options.push('--db-filename', databaseFile, ...pragmas);
  }
  const address = `localhost:${port}`;
  await servers.start({
    name: 'temporal',
    program: cli,
    args: ['server', 'start-dev', ...options],
    env: { ...process.env, GOGC: '400' }, // a third less CPU for more memory
    isReady: () => isAvailable(address, { tls: false }, 'default'), // the server creates this namespace last
  });
  rmSync(unfinished, { force: true });
  return address;
}

async function isAvailable(address: string, security: TemporalSecurity, namespace?: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, ...security, connectTimeout: '3s' });
    try {
      if (namespace !== undefined) await connection.workflowService.describeNamespace({ namespace });
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}
