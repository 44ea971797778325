import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { Client, isGrpcServiceError, ServiceError } from '@temporalio/client';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerDeploymentOptions,
  type WorkerOptions,
} from '@temporalio/worker';
import { NamespaceNotFoundError, type WorkerDeploymentVersion } from '@temporalio/common';
import pLimit from 'p-limit';
import type { Part } from './lifecycle';
import type { Logger } from './log';
import { securityOf } from './temporal-security';

export interface TemporalOptions {
  address: string;
  namespace: string;
  /** Has it reached over TLS, as a key does. */
  tls?: boolean;
  apiKey?: string | undefined;
  log: Logger;
  worker: Pick<WorkerOptions, 'taskQueue' | 'activities' | 'workflowBundle' | 'identity'>;
  /** Which code this is; shown for each worker, and what sagas are given to workers by where `versioning` is on. */
  version?: WorkerDeploymentVersion;
  versioning?: 'off' | 'on';
  /** Done once a connection, before the worker starts, and again where the server has forgotten what it did. */
  prepare?: (connection: NativeConnection) => Promise<void>;
}

/** Temporal cannot be reached at the moment. */
export class TemporalUnavailableError extends Error {
  override name = 'TemporalUnavailableError';
}

// Above the longest step (5 s for a local activity), so that none is cut off at a deploy.
const SHUTDOWN_GRACE = '10s';
const CALL_TIMEOUT_MS = 5_000;
// Enough to keep a server busy. With as many as a consumer holds messages, one that is short of CPU answers none in time,
// and goes on with what nobody waits for any more.
const CALLS_AT_ONCE = 16;
// Not what does work at once, but what may be open: a saga's first task is while it waits for its payment, each poller has
// one in reserve, and where none is left the server does not hand it out with the start (a third of the starts, with 40).
const WORKFLOW_TASKS_AT_ONCE = 200;
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
  private connection: NativeConnection | null = null;
  private client: Client | null = null;
  private worker: Worker | null = null;
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private preparing: Promise<void> | null = null;
  private readonly inTurn = pLimit(CALLS_AT_ONCE);
  /** When it was last found to be away. */
  private awayAtMs = -Infinity;

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
   * Does something with the client, within 5 seconds from its turn.
   * @throws TemporalUnavailableError where there is no connection, or the server does not answer, or has lost its store
   */
  call<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const askedAtMs = performance.now();
    return this.inTurn(() => {
      // All of them would wait for nothing, one after the other.
      if (this.awayAtMs > askedAtMs)
        throw new TemporalUnavailableError(`Temporal at ${this.options.address} does not answer.`);
      return this.callNow(use);
    });
  }

  private async callNow<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (!this.client) throw new TemporalUnavailableError(`Temporal at ${this.options.address} is not connected yet.`);
    const client = this.client;
    try {
      return await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => use(client));
    } catch (error) {
      if (saysServerHasForgotten(error)) {
        await this.prepareAgain();
        throw new TemporalUnavailableError(`Temporal at ${this.options.address} had lost its store: ${String(error)}`, {
          cause: error,
        });
      }
      if (!saysServerIsAway(error)) throw error;
      this.awayAtMs = performance.now();
      throw new TemporalUnavailableError(`Temporal at ${this.options.address} does not answer: ${String(error)}`, {
        cause: error,
      });
    }
  }

  /** Succeeds where the server and our namespace answer. @throws TemporalUnavailableError */
  async probe(): Promise<void> {
    const { namespace } = this.options;
    await this.call((client) => client.workflowService.describeNamespace({ namespace }));
  }

  /** After its store was lost the server is there as before, and knows nothing. */
  private async prepareAgain(): Promise<void> {
    const { log } = this.options;
    this.preparing ??= this.prepare()
      .catch((error: unknown) => log.warn({ err: error }, 'Temporal cannot be prepared anew'))
      .finally(() => (this.preparing = null));
    await this.preparing;
  }

  private async prepare(): Promise<void> {
    if (this.connection) await this.options.prepare?.(this.connection);
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
    const { address, namespace, log, worker, version, versioning } = this.options;
    const connection = await NativeConnection.connect({ address, ...securityOf(this.options) });
    this.connection = connection;
    try {
      await this.prepare();
      this.worker = await Worker.create({
        ...worker,
        connection,
        namespace,
        shutdownGraceTime: SHUTDOWN_GRACE,
        ...(version && { workerDeploymentOptions: deploymentOf(version, versioning) }),
        maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASKS_AT_ONCE,
        maxCachedWorkflows: 1_000, // a saga that waits longer than that many others is replayed when its answer comes
      });
      this.client = new Client({ connection, namespace });
      log.info({ address, namespace, taskQueue: worker.taskQueue, ...version }, 'Temporal connected');
      onConnected();
      const running = this.worker.run();
      if (this.stopping.signal.aborted) this.worker.shutdown(); // stopped while it was connecting
      await running;
    } finally {
      this.client = null;
      this.worker = null;
      this.connection = null;
      await connection.close();
    }
  }
}

// A saga goes on in the build that is current by then, which must be able to replay it: see docs/sagas.md.
const deploymentOf = (
  version: WorkerDeploymentVersion,
  versioning: TemporalOptions['versioning'],
): WorkerDeploymentOptions =>
  versioning === 'on'
    ? { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' }
    : { version, useWorkerVersioning: false };

// What gRPC says of a server that is away, overloaded, starting up, or refuses our credentials, of which no order knows.
const AWAY = new Set<status>([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.CANCELLED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
]);

function saysServerIsAway(error: unknown): boolean {
  const cause = causeOf(error);
  // One whose store does not answer finds no namespace, though the worker has been working in it.
  return error instanceof NamespaceNotFoundError || (isGrpcServiceError(cause) && AWAY.has(cause.code));
}

/** Whether the server no longer knows a search attribute that it was told of. */
function saysServerHasForgotten(error: unknown): boolean {
  const cause = causeOf(error);
  return (
    isGrpcServiceError(cause) &&
    cause.code === status.INVALID_ARGUMENT &&
    cause.message.includes('no mapping defined for search attribute')
  );
}

/** What gRPC said: itself where a call was made as it is, else inside of what the client made of it. */
const causeOf = (error: unknown): unknown =>
  !isGrpcServiceError(error) && error instanceof ServiceError ? error.cause : error;
