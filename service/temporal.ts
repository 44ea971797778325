import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { Client, isGrpcServiceError, ServiceError } from '@temporalio/client';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Part } from './lifecycle';
import type { Logger } from './log';

export interface TemporalOptions {
  address: string;
  namespace: string;
  log: Logger;
  worker: Pick<WorkerOptions, 'taskQueue' | 'activities' | 'workflowBundle' | 'identity'>;
  /** Done once a connection, before the worker starts. */
  prepare?: (connection: NativeConnection) => Promise<void>;
}

/** Temporal cannot be reached at the moment. */
export class TemporalDown extends Error {
  override name = 'TemporalDown';
}

// Above the longest step (5 s for a local activity), so that none is cut off at a deploy.
const SHUTDOWN_GRACE = '10s';
const CALL_TIMEOUT_MS = 5_000;
const RECONNECT_MS = { first: 500, longest: 10_000 };

/** Hands Temporal's own log lines to ours, and its signal handling to `runUntilSignal`. Once a process, before any worker. */
export function installTemporalRuntime(log: Logger): void {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const { error, ...fields } = meta ?? {};
    log[levels[level]]({ ...fields, ...(error === undefined ? {} : { err: error }) }, message);
  });
  const logging = { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} };
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging } });
}

/**
 * A service's tie to Temporal: one connection that its client and its worker share, as an eager start requires.
 * Keeps trying while the server is away, at the start as later.
 */
export class Temporal implements Part {
  readonly name = 'temporal';
  private client: Client | null = null;
  private worker: Worker | null = null;
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;

  constructor(private readonly options: TemporalOptions) {}

  /** Starts to connect, and to work; does not wait for either. */
  start(): void {
    this.running ??= this.run();
  }

  /** Whether the worker runs and can be given work. */
  get isUp(): boolean {
    return this.worker?.getState() === 'RUNNING';
  }

  /**
   * Does something with the client, within 5 seconds.
   * @throws TemporalDown where there is no connection, or the server does not answer
   */
  async call<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (!this.client) throw new TemporalDown(`Temporal at ${this.options.address} is not connected yet.`);
    try {
      const client = this.client;
      return await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => use(client));
    } catch (error) {
      throw saysServerIsAway(error)
        ? new TemporalDown(`Temporal at ${this.options.address} does not answer: ${String(error)}`, { cause: error })
        : error;
    }
  }

  /** Succeeds where the server and our namespace answer. @throws TemporalDown */
  async probe(): Promise<void> {
    const { namespace } = this.options;
    await this.call((client) => client.workflowService.describeNamespace({ namespace }));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.isUp) this.worker?.shutdown();
    await this.running;
  }

  private async run(): Promise<void> {
    const { log, address } = this.options;
    let pauseMs = RECONNECT_MS.first;
    while (!this.stopping.signal.aborted) {
      try {
        await this.connectAndWork(() => (pauseMs = RECONNECT_MS.first));
      } catch (error) {
        log.warn({ err: error, address, retryInMs: pauseMs }, 'Temporal is away');
      }
      await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, RECONNECT_MS.longest);
    }
  }

  private async connectAndWork(onConnected: () => void): Promise<void> {
    const { address, namespace, log, worker, prepare } = this.options;
    const connection = await NativeConnection.connect({ address });
    try {
      await prepare?.(connection);
      this.worker = await Worker.create({
        ...worker,
        connection,
        namespace,
        shutdownGraceTime: SHUTDOWN_GRACE,
        maxCachedWorkflows: 1_000, // a saga that waits longer than that many others is replayed when its answer comes
      });
      this.client = new Client({ connection, namespace });
      log.info({ address, namespace, taskQueue: worker.taskQueue }, 'Temporal connected');
      onConnected();
      const running = this.worker.run();
      if (this.stopping.signal.aborted) this.worker.shutdown(); // stopped while it was connecting
      await running;
    } finally {
      this.client = null;
      this.worker = null;
      await connection.close();
    }
  }
}

// What gRPC says of a server that is away, overloaded or starting up.
const AWAY = new Set<status>([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.CANCELLED,
  status.ABORTED,
  status.INTERNAL,
]);

function saysServerIsAway(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && AWAY.has(cause.code);
}
