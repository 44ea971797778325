import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockOwner } from './data-folder';

/** The addresses of the servers of `make run`. A port differs from its setting if the configured port was taken. */
export interface ServerAddresses {
  databaseUrl: string;
  paymentsDatabaseUrl: string;
  temporalAddress: string;
}

export type ProcessState = 'running' | 'stopped' | 'restarting';

/**
 * Files in the data folder through which other commands communicate with `make run`: one with the addresses of the
 * servers, and for each process one with its state, and one that exists while the process is to be stopped.
 */
export class ProcessFiles {
  private readonly folder: string;

  constructor(private readonly dataFolder: string) {
    this.folder = join(dataFolder, 'processes');
  }

  /** Removes the files of an earlier run. */
  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  writeAddresses(addresses: ServerAddresses): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.addressFile, JSON.stringify(addresses), { mode: 0o600 }); // with the database's password
  }

  /** Returns the addresses that the running `make run` has written; null if it has written none yet. */
  readAddresses(): ServerAddresses | null {
    if (lockOwner(this.dataFolder) === null || !existsSync(this.addressFile)) return null;
    return JSON.parse(readFileSync(this.addressFile, 'utf8')) as ServerAddresses;
  }

  report(name: string, state: ProcessState): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.stateFile(name), state, { mode: 0o600 });
  }

  /** Returns the states of all processes, by name. */
  states(): Map<string, string> {
    const files = existsSync(this.folder) ? readdirSync(this.folder) : [];
    const names = files.filter((file) => file.endsWith('.state')).map((file) => file.slice(0, -'.state'.length));
    return new Map(names.map((name) => [name, readFileSync(this.stateFile(name), 'utf8')]));
  }

  requestStop(name: string): void {
    writeFileSync(this.stopFile(name), '', { mode: 0o600 });
  }

  requestStart(name: string): void {
    rmSync(this.stopFile(name), { force: true });
  }

  isStopRequested(name: string): boolean {
    return existsSync(this.stopFile(name));
  }

  private get addressFile(): string {
    return join(this.folder, 'addresses.json');
  }

  private readonly stateFile = (name: string): string => join(this.folder, `${name}.state`);
  private readonly stopFile = (name: string): string => join(this.folder, `${name}.stop`);
}
