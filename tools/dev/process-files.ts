import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type ProcessState = 'running' | 'stopped' | 'restarting';

/**
 * Files in the data folder through which `make stop` and `make start` communicate with `make run`: one with the state of
 * each process, and one that exists while the process is to be stopped.
 */
export class ProcessFiles {
  private readonly folder: string;

  constructor(dataFolder: string) {
    this.folder = join(dataFolder, 'processes');
  }

  /** Removes the files of an earlier run. */
  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  report(name: string, state: ProcessState): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.stateFile(name), state);
  }

  /** Returns the states of all processes, by name. */
  states(): Map<string, string> {
    const files = existsSync(this.folder) ? readdirSync(this.folder) : [];
    const names = files.filter((file) => file.endsWith('.state')).map((file) => file.slice(0, -'.state'.length));
    return new Map(names.map((name) => [name, readFileSync(this.stateFile(name), 'utf8')]));
  }

  requestStop(name: string): void {
    writeFileSync(this.stopFile(name), '');
  }

  requestStart(name: string): void {
    rmSync(this.stopFile(name), { force: true });
  }

  isStopRequested(name: string): boolean {
    return existsSync(this.stopFile(name));
  }

  private readonly stateFile = (name: string): string => join(this.folder, `${name}.state`);
  private readonly stopFile = (name: string): string => join(this.folder, `${name}.stop`);
}
