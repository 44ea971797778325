import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TemporalSecurity } from '@shop/runtime/temporal-security';
import { SEARCH_ATTRIBUTES } from '@shop/workflows/search-attributes';
import { Connection } from '@temporalio/client';
import { freePort, isTaken, thisOrFreePort } from './ports';
import type { Print } from './progress';
import type { Starter } from './servers';
import { SetupError } from './setup-error';
import { findTemporalCli } from './temporal-cli';

export interface FoundTemporal {
  address: string;
  /** Of its Web UI; null where we do not know of one. */
  uiUrl: string | null;
  /** Where its CLI lies; null where we did not need one. */
  cli: string | null;
}

/**
 * Finds Temporal: the server that the environment names, the one on the default port, or one of our own.
 *
 * @param given the environment's address; null where it names none
 * @param security of a server that is there
 * @param databaseFile where our own server keeps its sagas
 */
export async function findOrStartTemporal(
  {
    given,
    security,
    port,
    uiPort,
    databaseFile,
  }: { given: string | null; security: TemporalSecurity; port: number; uiPort: number; databaseFile: string },
  servers: Starter,
  print: Print,
): Promise<FoundTemporal> {
  const standingUi = async () => ((await isTaken(uiPort)) ? `http://localhost:${uiPort}` : null);
  if (given !== null) {
    if (!(await canBeUsed(given, security))) {
      throw new SetupError(
        `TEMPORAL_ADDRESS: Temporal at ${given} does not answer. Start it, or unset TEMPORAL_ADDRESS.`,
      );
    }
    print(`Temporal: the one at ${given}, from TEMPORAL_ADDRESS`);
    return { address: given, uiUrl: await standingUi(), cli: null };
  }
  if (await canBeUsed(`localhost:${port}`, security)) {
    print(`Temporal: the one on port ${port}`);
    return { address: `localhost:${port}`, uiUrl: await standingUi(), cli: null };
  }

  for (const taken of [port, uiPort]) {
    if (await isTaken(taken)) print(`Temporal: what listens on port ${taken} cannot be used`);
  }
  const ownPort = await thisOrFreePort(port);
  const ownUiPort = await thisOrFreePort(uiPort);
  const cli = await findTemporalCli(print);
  const address = await startTemporal({ cli, port: ownPort, uiPort: ownUiPort, databaseFile }, servers);
  print(`Temporal: our own, on port ${ownPort}, its sagas in ${databaseFile}`);
  return { address, uiUrl: `http://localhost:${ownUiPort}`, cli };
}

/**
 * Starts Temporal's development server.
 *
 * @param cli as `findTemporalCli` has it
 * @param uiPort where its Web UI is served; none without
 * @param databaseFile what survives a restart; in memory without
 * @returns its address
 */
export async function startTemporal(
  { cli, port, uiPort, databaseFile }: { cli: string; port: number; uiPort?: number; databaseFile?: string },
  servers: Starter,
): Promise<string> {
  const options: string[] = ['--ip', '127.0.0.1', '--port', String(port), '--http-port', String(await freePort())];
  options.push('--metrics-port', String(await freePort()), '--log-level', 'warn');
  options.push(...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]));
  // Known from the start, so that they need not be looked up for each workflow's entry in its list.
  options.push(...SEARCH_ATTRIBUTES.flatMap(({ name, type }) => ['--search-attribute', `${name}=${type}`]));
  options.push('--dynamic-config-value', 'system.forceSearchAttributesCacheRefreshOnRead=false');
  const unfinished = `${databaseFile}.unfinished`; // stands while the server makes its store
  if (databaseFile !== undefined) {
    mkdirSync(dirname(databaseFile), { recursive: true });
    if (existsSync(unfinished))
      for (const part of ['', '-wal', '-shm']) rmSync(`${databaseFile}${part}`, { force: true });
    if (!existsSync(databaseFile)) writeFileSync(unfinished, '');
    // As safe where the process is killed, and twice as fast: what a power cut may take, the sweeper starts anew.
    const pragmas = ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'];
    options.push('--db-filename', databaseFile, ...pragmas);
  }
  const address = `localhost:${port}`;
  await servers.start({
    name: 'temporal',
    program: cli,
    args: ['server', 'start-dev', ...options],
    env: { ...process.env, GOGC: '400' }, // a third less work for the server, for some memory
    isReady: () => canBeUsed(address, { tls: false }, 'default'), // which it makes when it is up
  });
  rmSync(unfinished, { force: true });
  return address;
}

async function canBeUsed(address: string, security: TemporalSecurity, namespace?: string): Promise<boolean> {
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
