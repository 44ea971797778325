import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessFiles } from './process-files';
import { durationText, type Print } from './progress';
import type { ServerProgram, Servers, Starter } from './servers';
import { SetupError } from './setup-error';

/** A process that ends sooner after its start counts as a failed start. */
const QUICK_EXIT_MS = 60_000;
/** The number of failed starts in a row after which a further restart is unlikely to help. */
const QUICK_EXITS = 5;
const FIRST_PAUSE_MS = 1_000;
/** The pause between two checks for a request of `make stop` or `make start`. */
const POLL_MS = 200;

/**
 * Keeps servers and services running: restarts one that ends, unless `make stop` has requested that it stops. Pauses 1 s
 * before the first restart, twice as long before each further one.
 */
export class Supervisor implements Starter {
  /** Rejects with a {SetupError} if a process repeatedly ends soon after its start. */
  readonly failure: Promise<never>;
  private fail: (reason: SetupError) => void = () => undefined;
  private readonly stopping = new AbortController();

  /** @param files exchange requests and states with `make stop` and `make start` */
  constructor(
    private readonly servers: Servers,
    private readonly files: ProcessFiles,
    private readonly print: Print,
    private readonly firstPauseMs = FIRST_PAUSE_MS,
  ) {
    this.failure = new Promise((_, reject) => (this.fail = reject));
    this.failure.catch(() => undefined); // a failure before a caller waits must not be an unhandled rejection
  }

  async start(server: ServerProgram): Promise<void> {
    await this.servers.start(server);
    this.files.report(server.name, 'running');
    this.keepRunning(server).catch((error: unknown) => this.fail(new SetupError(String(error))));
  }

  /** Shuts down all processes in the reverse order of their start. */
  async stopAll(): Promise<void> {
    this.stopping.abort();
    this.servers.refuseStarts();
    await this.servers.stopAll();
  }

  private async keepRunning(server: ServerProgram): Promise<void> {
    const { name } = server;
    for (let quickExits = 0; ;) {
      const startedAt = Date.now();
      const exit = await this.endedOrStopped(name);
      if (this.stopping.signal.aborted) return;

      if (this.files.isStopRequested(name)) {
        this.files.report(name, 'stopped');
        this.print(`${name} was stopped. Start it again with: make start SERVICE=${name}`);
        await this.until(() => !this.files.isStopRequested(name));
        quickExits = 0;
      } else {
        quickExits = Date.now() - startedAt < QUICK_EXIT_MS ? quickExits + 1 : 1;
        if (quickExits === QUICK_EXITS) {
          const problem = `${name} ended ${QUICK_EXITS} times in a row soon after its start, the last time with ${exit}.`;
          this.fail(new SetupError(`${problem} The end of its log:\n${this.servers.logTail(name)}`));
          return;
        }
        const pauseMs = this.firstPauseMs * 2 ** (quickExits - 1);
        this.print(`${name} ended unexpectedly (${exit}). It restarts in ${durationText(pauseMs)}.`);
        this.files.report(name, 'restarting');
        await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
      if (this.stopping.signal.aborted) return;
      await this.restart(server);
    }
  }

  /** Starts a process again. A failure is not thrown: the process has ended then, which the caller detects. */
  private async restart(server: ServerProgram): Promise<void> {
    const { name } = server;
    try {
      await this.servers.start({ ...server, appendLog: true });
      this.files.report(name, 'running');
      this.print(`${name} is running again.`);
    } catch {
      await this.servers.end(name, 'SIGKILL'); // it was not ready in time
    }
  }

  /** Waits until a process ends, and shuts it down if that is requested. @returns how it ended */
  private async endedOrStopped(name: string): Promise<string> {
    const poll = setInterval(() => {
      if (!this.files.isStopRequested(name)) return;
      clearInterval(poll);
      void this.servers.end(name);
    }, POLL_MS);
    try {
      return await this.servers.ended(name);
    } finally {
      clearInterval(poll);
    }
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.stopping.signal.aborted) await delay(POLL_MS);
  }
}
