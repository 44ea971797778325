import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { silentLog } from '../../test/silent-log';
import { UnavailableError } from './fault';
import { whenAvailable } from './lifecycle';
import type { Logger } from './log';

/** A process that runs until a signal. `start` is JavaScript code that may use `groups`, `part()`, `stopping` and `delay()`. */
class Service {
  private static running: ChildProcess[] = [];
  output = '';
  readonly exit: Promise<number | null>;

  private constructor(private readonly child: ChildProcess) {
    Service.running.push(child);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (this.output += String(text)));
    this.exit = once(child, 'close').then(([code]) => code as number | null);
  }

  static run(start: string, { drainMs = 0 } = {}): Service {
    const script = `
      const { setTimeout: delay } = require('node:timers/promises');
      const { runUntilSignal } = require('@shop/runtime/lifecycle');
      const { createLog } = require('@shop/runtime/log');
      const part = (name, stop = async () => undefined) =>
        ({ name, stop: async () => { await stop(); console.log(name + ' stopped'); } });
      setInterval(() => undefined, 60_000); // a service's sockets keep it alive
      void runUntilSignal({ log: createLog('test', 'info'), drainMs: ${drainMs} }, async (groups, stopping) => { ${start} });`;
    return new Service(spawn(process.execPath, ['-e', script], { cwd: join(__dirname, '..', '..') }));
  }

  /** Waits until the output contains a word, then sends a signal. */
  async signal(word: string, signal: NodeJS.Signals): Promise<void> {
    await eventually(() => expect(this.output).toContain(word));
    this.child.kill(signal);
  }

  /** The lines of the output without the log. */
  get printed(): string[] {
    return this.output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  }

  get stopped(): string[] {
    return Array.from(this.output.matchAll(/^(.*) stopped$/gm), ([, name]) => name ?? '');
  }

  static killAll(): void {
    for (const child of Service.running.splice(0)) child.kill('SIGKILL');
  }
}

afterEach(() => Service.killAll());

describe('a service', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'stops its groups of parts in reverse order at %s and exits with 0',
    async (signal) => {
      const service = Service.run(`groups.push([part('database')], [part('worker')]); groups.push([part('http')])`);

      await service.signal('"started"', signal);

      expect(await service.exit).toBe(0);
      expect(service.stopped).toEqual(['http', 'worker', 'database']);
    },
  );

  test('stops the parts of a group at the same time', async () => {
    const service = Service.run(`
      const { EventEmitter, once } = require('node:events');
      const events = new EventEmitter();
      groups.push([part('http', () => once(events, 'drained')), part('worker', () => events.emit('drained'))])`);

    await service.signal('"started"', 'SIGTERM');

    expect(await service.exit).toBe(0);
    expect(service.stopped).toEqual(['worker', 'http']);
  });

  test('waits for the work in flight', async () => {
    const service = Service.run(`
      groups.push([part('worker', () => delay(300).then(() => console.log('work finished')))])`);

    await service.signal('"started"', 'SIGTERM');

    expect(await service.exit).toBe(0);
    expect(service.printed).toEqual(['work finished', 'worker stopped']);
  });

  test('abandons parts that do not stop, and exits with 0 within 10 seconds', async () => {
    const never = '() => new Promise(() => undefined)';
    const service = Service.run(`
      groups.push([part('database', ${never}), part('probe')], [part('starter', ${never})], [part('worker', ${never})])`);

    await service.signal('"started"', 'SIGTERM');
    const signalledAt = performance.now();

    expect(await service.exit).toBe(0);
    expect(performance.now() - signalledAt).toBeLessThan(10_000);
    expect(service.stopped).toEqual(['probe']);
    expect(service.output).toMatch(/"level":"error".*"part":"worker".*"msg":"part did not stop in time"/);
  });

  describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('that is stopping', (signal) => {
    const stopping = `groups.push([part('http', () => { console.log('answering'); return delay(1_000); })])`;

    test(`finishes the work in flight at a second signal: ${signal}`, async () => {
      const service = Service.run(stopping);
      await service.signal('"started"', 'SIGTERM');

      await service.signal('answering', signal);

      expect(await service.exit).toBe(0);
      expect(service.stopped).toEqual(['http']);
    });

    test(`exits with 1 at a third signal: ${signal}`, async () => {
      const service = Service.run(stopping.replace('1_000', '60_000'));
      await service.signal('"started"', 'SIGTERM');
      await service.signal('answering', signal);

      await service.signal('already stopping', signal);

      expect(await service.exit).toBe(1);
      expect(service.stopped).toEqual([]);
    });
  });

  test('announces that it is stopping, and keeps serving while it drains', async () => {
    const service = Service.run(
      `stopping.addEventListener('abort', async () => {
         console.log('not ready');
         await delay(300);
         console.log('still serving');
       });
       groups.push([part('http')])`,
      { drainMs: 600 },
    );

    await service.signal('"started"', 'SIGTERM');

    expect(await service.exit).toBe(0);
    expect(service.printed).toEqual(['not ready', 'still serving', 'http stopped']);
  });

  test('can be stopped during its start', async () => {
    const service = Service.run(`
      groups.push([part('database')]);
      console.log('waiting');
      await delay(60_000)`);

    await service.signal('waiting', 'SIGTERM');

    expect(await service.exit).toBe(0);
    expect(service.stopped).toEqual(['database']);
  });

  test('whose start fails logs the error, stops the parts that it has started, and exits with 1', async () => {
    const service = Service.run(`groups.push([part('database')]); throw new Error('port 8001 is taken')`);

    expect(await service.exit).toBe(1);
    expect(service.output).toContain('port 8001 is taken');
    expect(service.stopped).toEqual(['database']);
  });

  test('stops the other parts if one fails to stop, and exits with 1', async () => {
    const service = Service.run(`
      groups.push([part('database')], [part('broker', () => Promise.reject(new Error('connection lost')))])`);

    await service.signal('"started"', 'SIGTERM');

    expect(await service.exit).toBe(1);
    expect(service.output).toContain('connection lost');
    expect(service.stopped).toEqual(['database']);
  });

  test.each([
    ['thrown', `setImmediate(() => { throw new Error('a bug') })`],
    ['rejected', `void Promise.reject(new Error('a bug'))`],
  ])('exits with 1 at an uncaught error, %s', async (_kind, bug) => {
    const service = Service.run(`${bug}; await delay(60_000)`);

    expect(await service.exit).toBe(1);
    expect(service.output).toMatch(/"level":"fatal".*a bug.*"msg":"uncaught error"/);
  });
});

describe('whenAvailable', () => {
  test.each([
    ['the dependency is unavailable', new UnavailableError('unavailable'), 'warn'],
    ['nobody has foreseen the error', new Error('unforeseen'), 'error'],
  ] as const)('retries if %s, and logs what it waits for', async (_, error, level) => {
    let attempts = 0;
    const attempt = async () => {
      if (++attempts === 1) throw error;
      return 'done';
    };
    const lines: string[] = [];
    const record = (as: string) => (_fields: object, message: string) => void lines.push(`${as}: ${message}`);
    const log = { ...silentLog, warn: record('warn'), error: record('error') } as Logger;

    await expect(whenAvailable('the database', { log, attempt })).resolves.toBe('done');
    expect(attempts).toBe(2);
    expect(lines).toEqual([`${level}: waiting for the database`]);
  });

  test('does not retry a bug', async () => {
    let attempts = 0;
    const attempt = () => Promise.reject(new TypeError(`not a function, attempt ${++attempts}`));

    await expect(whenAvailable('the database', { log: silentLog, attempt })).rejects.toThrow('attempt 1');
  });
});
