import child_process from 'node:child_process';
import net from 'node:net';
import { TestEnvironment } from 'jest-environment-node';

const ADVICE =
  'A unit test opens no socket and starts no process. Name the file *.process.test.ts if it needs either, or ' +
  '*.server.test.ts if it needs PostgreSQL, RabbitMQ or Temporal.';

/** The functions through which Node opens every socket and starts every process. */
const FORBIDDEN: [object: object, method: string][] = [
  [net.Socket.prototype, 'connect'],
  [net.Server.prototype, 'listen'],
  [child_process.ChildProcess.prototype, 'spawn'],
  ...['spawnSync', 'execSync', 'execFileSync'].map((method): [object, string] => [child_process, method]),
];

/** Makes a test fail if it opens a socket or starts a process. The error states how to name the file instead. */
export default class UnitEnvironment extends TestEnvironment {
  private readonly originals = FORBIDDEN.map(([object, method]) => Reflect.get(object, method) as unknown);

  override async setup(): Promise<void> {
    await super.setup();
    for (const [object, method] of FORBIDDEN) {
      Reflect.set(object, method, () => {
        throw new Error(ADVICE);
      });
    }
  }

  /** Restores the functions: tests of all kinds run in one process. */
  override async teardown(): Promise<void> {
    FORBIDDEN.forEach(([object, method], index) => Reflect.set(object, method, this.originals[index]));
    await super.teardown();
  }
}
