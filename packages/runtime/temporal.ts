import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { Client, isGrpcServiceError, ServiceError } from '@temporalio/client';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  type MetricsExporterConfig,
  NativeConnection,
  Runtime,
  ShutdownError,
  TransportError,
  UnexpectedError,
  Worker,
  type WorkerDeploymentOptions,
  type WorkerOptions,
} from '@temporalio/worker';
import {
  IllegalStateError,
  NamespaceNotFoundError,
  type PayloadCodec,
  type WorkerDeploymentVersion,
} from '@temporalio/common';
import pLimit from 'p-limit';
import { UnavailableError } from './fault';
import type { Part } from './lifecycle';
import type { Logger } from './log';
import type { TemporalSecurity } from './temporal-security';
import { tlsRemedyOf } from './tls-remedy';
import type { TemporalTracing } from './tracing/tracing';

export interface TemporalOptions {
  address: string;
  namespace: string;
  /** Without TLS by default. */
  security?: TemporalSecurity;
  /** Encrypts payloads. */
  codec?: PayloadCodec;
  log: Logger;
  worker: Pick<WorkerOptions, 'taskQueue' | 'activities' | 'workflowBundle' | 'identity' | 'interceptors'>;
  /** The deployment and build that Temporal shows for the worker. With `versioning` it also assigns sagas by build. */
  version?: WorkerDeploymentVersion;
  versioning?: 'off' | 'on';
  /** Continues traces over Temporal. The workflow bundle must then contain the interceptor of `trace-context.ts`. */
  tracing?: TemporalTracing;
  /** Prepares the server: on each new connection before the worker starts, and again if the server has lost its data. */
  prepare?: (connection: NativeConnection) => Promise<void>;
}

/** Temporal is unavailable at the moment. */
export class TemporalUnavailableError extends UnavailableError {
  override name = 'TemporalUnavailableError';
}

/** Temporal is available, but its namespace is set up in a way that this service cannot use. An operator must change it. */
export class TemporalMisconfiguredError extends Error {
  override name = 'TemporalMisconfiguredError';
}

// Longer than the longest local activity (5 s), so that a deployment interrupts none; shorter than the limit of a stop.
const SHUTDOWN_GRACE = '6s';
/** How long a stop waits until the server has noted that the worker is gone. Without a server, that never ends. */
const SIGN_OFF_MS = 500;
const CALL_TIMEOUT_MS = 5_000;
// Enough to keep a server busy. With 100 (the prefetch of a consumer), a server that is short of CPU answers no call in time
// and keeps working on calls whose callers have timed out.
const MAX_CALLS_IN_FLIGHT = 16;
// Slots for open tasks, not for parallel work: a saga's first task stays open while the saga waits for its payment, and each
// poller reserves a slot. A start is eager only if a slot is free; with 40 slots a third of all starts were not eager.
const MAX_WORKFLOW_TASKS = 200;
const MAX_CACHED_WORKFLOWS = 1_000; // a saga that was evicted from the cache is replayed when its answer arrives
const RECONNECT_MS = { first: 500, longest: 10_000 };

/** Writes Temporal's log lines to `log`, and leaves signals to `runUntilSignal`. Call it once per process, before any worker. */
export function installTemporalRuntime(log: Logger, metrics?: MetricsExporterConfig): void {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const { error, ...fields } = meta ?? {};
    log[levels[level]]({ ...fields, ...(error === undefined ? {} : { err: error }) }, message);
  });
  const logging = { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} };
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging, ...(metrics && { metrics }) } });
}

/**
 * A service's client and worker. They share one connection, which an eager start requires. The connection is retried for as
 * long as the server is unavailable.
 */
export class Temporal implements Part {
  readonly name = 'temporal';
  private connection: NativeConnection | null = null;
  private client: Client | null = null;
  private worker: Worker | null = null;
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  /** Settles when the worker has stopped. */
  private working: Promise<void> | null = null;
  private preparing: Promise<void> | null = null;
  private readonly limit = pLimit(MAX_CALLS_IN_FLIGHT);
  /** What an operator must change before the worker can run; null if nothing is known. */
  misconfiguration: string | null = null;
  /** When a call last found the server unavailable. */
  private unavailableAtMs = -Infinity;

  constructor(private readonly options: TemporalOptions) {}

  /** Starts to connect and to run the worker; does not wait for either. */
  start(): void {
    this.running ??= this.run();
  }

  /** Whether the worker runs. */
  get isUp(): boolean {
    return this.worker?.getState() === 'RUNNING';
  }

  /**
   * Calls Temporal with a timeout of 5 seconds. At most 16 calls are in flight; the time in the queue does not count.
   *
   * @throws {TemporalUnavailableError} if the server is not connected, does not answer, or has lost its data
   */
  call<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const queuedAtMs = performance.now();
    return this.limit(() => {
      // The calls in the queue fail immediately, instead of waiting for their timeouts one after the other.
      if (this.unavailableAtMs > queuedAtMs)
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
      if (isSearchAttributeRejected(error)) {
        await this.prepareAgain();
        throw new TemporalUnavailableError(
          `Temporal at ${this.options.address} has lost or changed its search attributes: ${String(error)}`,
          { cause: error },
        );
      }
      if (!isServerUnavailable(error)) throw error;
      this.unavailableAtMs = performance.now();
      throw new TemporalUnavailableError(`Temporal at ${this.options.address} does not answer: ${String(error)}`, {
        cause: error,
      });
    }
  }

  /** Resolves if the server and the namespace answer. @throws {TemporalUnavailableError} */
  async probe(): Promise<void> {
    const { namespace } = this.options;
    await this.call((client) => client.workflowService.describeNamespace({ namespace }));
  }

  /**
   * Checks whether the worker runs and the server answers within `withinMs` milliseconds. The call does not wait for the
   * calls in flight.
   */
  async isAvailable(withinMs: number): Promise<boolean> {
    const { namespace } = this.options;
    if (!this.isUp || this.misconfiguration !== null || !this.client) return false;
    const { client } = this;
    return client
      .withDeadline(Date.now() + withinMs, () => client.workflowService.describeNamespace({ namespace }))
      .then(
        () => true,
        () => false,
      );
  }

  /** Prepares a server that has lost its data, or whose search attributes were changed, while its connections stayed open. */
  private async prepareAgain(): Promise<void> {
    this.preparing ??= this.prepare()
      .then(() => void (this.misconfiguration = null))
      .catch((error: unknown) => this.reportUnprepared(error))
      .finally(() => (this.preparing = null));
    await this.preparing;
  }

  private reportUnprepared(error: unknown): void {
    const { log } = this.options;
    if (!(error instanceof TemporalMisconfiguredError)) {
      log.warn({ err: error }, 'Temporal could not be prepared again');
    } else {
      this.misconfiguration = error.message;
      log.error({ err: error, retryInMs: RECONNECT_MS.longest }, 'Temporal is misconfigured');
      // Without a further check, an instance that gets no requests would never notice the correction.
      setTimeout(() => void this.prepareAgain(), RECONNECT_MS.longest).unref();
    }
  }

  private async prepare(): Promise<void> {
    if (this.connection) await this.options.prepare?.(this.connection);
  }

  /**
   * Waits for the tasks in flight, at most as long as the server takes part. An attempt to connect is abandoned. The
   * connection stays open until the process ends, because the other parts may still use it, and because its close blocks
   * the process while a name look-up hangs.
   */
  async stop(): Promise<void> {
    this.stopping.abort();
    if (!this.isUp) return;
    this.worker?.shutdown();
    await Promise.race([Promise.allSettled([this.working]), this.drained().then(() => delay(SIGN_OFF_MS))]);
  }

  /** Resolves when the worker has completed its tasks. */
  private async drained(): Promise<void> {
    while (this.worker?.getState().endsWith('ING')) await delay(20);
  }

  private async run(): Promise<void> {
    const { log, address } = this.options;
    let pauseMs = RECONNECT_MS.first;
    while (!this.stopping.signal.aborted) {
      try {
        await this.connectAndWork(() => (pauseMs = RECONNECT_MS.first));
      } catch (error) {
        const remedy = tlsRemedyOf(error, 'TEMPORAL_TLS');
        const misconfigured = error instanceof TemporalMisconfiguredError;
        this.misconfiguration = misconfigured ? error.message : null;
        log[misconfigured ? 'error' : 'warn'](
          { err: error, address, retryInMs: pauseMs, remedy },
          `Temporal is ${misconfigured ? 'misconfigured' : 'unavailable'}`,
        );
      }
      await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, RECONNECT_MS.longest);
    }
  }

  private async connectAndWork(onConnected: () => void): Promise<void> {
    const { address, namespace, log, worker, tracing, version, versioning, codec } = this.options;
    const dataConverter = { payloadCodecs: codec ? [codec] : [] };
    const connection = await NativeConnection.connect({ address, ...this.options.security });
    this.connection = connection;
    try {
      await this.prepare();
      this.worker = await Worker.create({
        ...worker,
        ...tracing?.worker,
        interceptors: {
          activity: [...(tracing?.worker.interceptors.activity ?? []), ...(worker.interceptors?.activity ?? [])],
        },
        connection,
        namespace,
        dataConverter,
        shutdownGraceTime: SHUTDOWN_GRACE,
        ...(version && { workerDeploymentOptions: deploymentOf(version, versioning) }),
        maxConcurrentWorkflowTaskExecutions: MAX_WORKFLOW_TASKS,
        maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
      });
      this.client = new Client({ connection, namespace, dataConverter, ...tracing?.client });
      log.info({ address, namespace, taskQueue: worker.taskQueue, ...version }, 'Temporal connected');
      this.misconfiguration = null;
      onConnected();
      if (this.stopping.signal.aborted) return; // `stop` was called meanwhile, and has not waited
      this.working = this.worker.run();
      await this.working;
    } finally {
      if (!this.stopping.signal.aborted) await this.disconnect(connection);
    }
  }

  private async disconnect(connection: NativeConnection): Promise<void> {
    this.client = null;
    this.worker = null;
    this.connection = null;
    await connection.close();
  }
}

// AUTO_UPGRADE continues a saga on the current build, which must be able to replay it: see docs/sagas.md.
const deploymentOf = (
  version: WorkerDeploymentVersion,
  versioning: TemporalOptions['versioning'],
): WorkerDeploymentOptions =>
  versioning === 'on'
    ? { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' }
    : { version, useWorkerVersioning: false };

// Only these codes mean that the call or its workflow is at fault, not the server. Sources:
// https://grpc.io/docs/guides/status-codes/, and https://github.com/temporalio/api-go/tree/master/serviceerror, which says
// what Temporal reports with each.
const FAULTS_OF_THE_CALL = new Set<status>([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.DATA_LOSS, // the history of one workflow is corrupt
]);

/** Errors of the connection itself, which carry no code. */
const CONNECTION_ERRORS = [TransportError, ShutdownError, UnexpectedError, IllegalStateError];

/** Whether a call failed because of the server or the connection to it. Any other error is a fault of the call. */
export function isServerUnavailable(error: unknown): boolean {
  // A server whose store does not answer reports that the namespace does not exist.
  if (error instanceof NamespaceNotFoundError) return true;
  const cause = causeOf(error);
  if (isGrpcServiceError(cause)) return !FAULTS_OF_THE_CALL.has(cause.code);
  return CONNECTION_ERRORS.some((type) => cause instanceof type);
}

/**
 * Whether the server rejects a search attribute that `prepare` has registered: the server has lost its data, or an operator
 * has changed the attribute's type.
 */
function isSearchAttributeRejected(error: unknown): boolean {
  const cause = causeOf(error);
  return isGrpcServiceError(cause) && cause.code === status.INVALID_ARGUMENT && /search attribute/i.test(cause.message);
}

/** Unwraps the gRPC error that the client wraps in a `ServiceError`. */
const causeOf = (error: unknown): unknown =>
  !isGrpcServiceError(error) && error instanceof ServiceError ? error.cause : error;
