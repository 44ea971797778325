import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../test/eventually';
import { silentLog } from '../../test/silent-log';
import { whenAvailable } from './lifecycle';

/** A process that runs `start` until a signal; the text is code of its own, with `parts`, `part` and `delay` at hand. */
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
      void runUntilSignal({ log: createLog('test', 'info'), drainMs: ${drainMs} }, async (parts, stopping) => { ${start} });`;
    return new Service(spawn(process.execPath, ['-e', script], { cwd: join(__dirname, '..', '..') }));
  }

  /** Waits until it has said a word, then sends it a signal. */
  async signal(word: string, signal: NodeJS.Signals): Promise<void> {
    await eventually(() => expect(this.output).toContain(word));
    this.child.kill(signal);
  }

  /** What it said in words of its own, between which its log may stand anywhere. */
  get said(): string[] {
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
  test.each(['SIGTERM', 'SIGINT'] as const)('stops its parts at %s, the last first, and exits 0', async (signal) => {
    const service = Service.run(`parts.push(part('database'), part('worker')); parts.push(part('http'))`);

    await service.signal('"started"', signal);

    expect(await service.exit).toBe(0);
    expect(service.stopped).toEqual(['http', 'worker', 'database']);
  });

  test('lets work under way finish', async () => {
    const service = Service.run(`
      parts.push(part('worker', () => delay(300).then(() => console.log('work finished'))))`);

    await service.signal('"started"', 'SIGTERM');

    expect(await service.exit).toBe(0);
    expect(service.said).toEqual(['work finished', 'worker stopped']);
  });

  test('tells that it is stopping, and goes on as before while it drains', async () => {
    const service = Service.run(
      `stopping.addEventListener('abort', async () => {
         console.log('unready');
         await delay(300);
         console.log('served meanwhile');
       });
       parts.push(part('http'))`,
      { drainMs: 600 },
    );

    await service.signal('"started"', 'SIGTERM');

    expect(await service.exit).toBe(0);
    expect(service.said).toEqual(['unready', 'served meanwhile', 'http stopped']);
  });

  test('is stopped while it starts, too', async () => {
    const service = Service.run(`
      parts.push(part('database'));
      console.log('waiting');
      await delay(60_000)`);

    await service.signal('waiting', 'SIGTERM');

    expect(await service.exit).toBe(0);
    expect(service.stopped).toEqual(['database']);
  });

  test('that cannot start says why, stops what it has started, and exits 1', async () => {
    const service = Service.run(`parts.push(part('database')); throw new Error('port 8001 is taken')`);

    expect(await service.exit).toBe(1);
    expect(service.output).toContain('port 8001 is taken');
    expect(service.stopped).toEqual(['database']);
  });

  test('stops the other parts where one fails to stop, and exits 1', async () => {
    const service = Service.run(`
      parts.push(part('database'), part('broker', () => Promise.reject(new Error('connection lost'))))`);

    await service.signal('"started"', 'SIGTERM');

    expect(await service.exit).toBe(1);
    expect(service.output).toContain('connection lost');
    expect(service.stopped).toEqual(['database']);
  });

  test.each([
    ['thrown', `setImmediate(() => { throw new Error('a bug') })`],
    ['rejected', `void Promise.reject(new Error('a bug'))`],
  ])('ends with 1 at an error that nobody catches, %s', async (_how, bug) => {
    const service = Service.run(`${bug}; await delay(60_000)`);

    expect(await service.exit).toBe(1);
    expect(service.output).toMatch(/"level":"fatal".*a bug.*"msg":"uncaught"/);
  });
});

const isOutage = (error: unknown) => error instanceof Error && error.message === 'away';

describe('what needs something that is away', () => {
  test('is done once that is back', async () => {
    let attempts = 0;
    const attempt = async () => {
      if (++attempts === 1) throw new Error('away');
      return 'done';
    };

    await expect(whenAvailable('the database', { log: silentLog, isOutage, attempt })).resolves.toBe('done');
    expect(attempts).toBe(2);
  });

  test('is not tried again where it fails for another reason', async () => {
    let attempts = 0;
    const attempt = () => Promise.reject(new Error(`wrong password, attempt ${++attempts}`));

    await expect(whenAvailable('the database', { log: silentLog, isOutage, attempt })).rejects.toThrow('attempt 1');
  });
});
