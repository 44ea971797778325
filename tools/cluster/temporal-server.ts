import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { status } from '@grpc/grpc-js';
import { buildWithGo, cachedPrograms, cacheFor } from '@shop/dev/program-cache';
import { findProgram, runProgram } from '@shop/dev/programs';
import type { Print } from '@shop/dev/progress';
import { withDatabase } from '@shop/dev/with-database';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import type { Client } from 'pg';
import { settingsFile, type Layout } from './layout';
import type { RecordedServers } from './recorded-servers';

const VERSION = '1.32.0';
const RETENTION = '7 days';
const STORES = [
  { database: 'temporal', schema: 'postgresql/v12/temporal' },
  { database: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
];

export interface TemporalPrograms {
  server: string;
  sqlTool: string;
}

/** Temporal's server and its tool for schemas: from the PATH, else built with Go. @throws SetupError */
export async function findTemporalServer(say: Print): Promise<TemporalPrograms> {
  const [onPath, toolOnPath] = [findProgram('temporal-server'), findProgram('temporal-sql-tool')];
  if (onPath && toolOnPath) return { server: onPath, sqlTool: toolOnPath };
  const [server, sqlTool] = await cachedPrograms(say, {
    what: "Temporal's server",
    cache: cacheFor(`temporal-server-${VERSION}`),
    names: ['server', 'sql'],
    methods: {
      'building it with Go, which takes about 5 minutes': (folder) =>
        buildWithGo(
          ['server', 'tools/sql'].map((name) => `go.temporal.io/server/cmd/${name}@v${VERSION}`),
          folder,
        ),
    },
    remedy: 'Install Go (https://go.dev/dl), or put temporal-server and temporal-sql-tool on the PATH.',
  });
  return { server: server!, sqlTool: sqlTool! };
}

/** A Temporal server whose store is in PostgreSQL, user and password `postgres`. */
export class TemporalServer {
  constructor(
    private readonly programs: TemporalPrograms,
    private readonly ports: Pick<Layout['ports'], 'primary' | 'temporal' | 'temporalParts'>,
    private readonly servers: Pick<RecordedServers, 'start' | 'end'>,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.ports.temporal}`;
  }

  /** Starts it; makes or updates the store, and the namespace `default`, on the way. */
  async start(): Promise<void> {
    for (const store of STORES) await this.bringUpToDate(store);
    const { ports } = this;
    const [http, matching, history, worker, ...members] = ports.temporalParts;
    await this.servers.start({
      name: 'temporal',
      program: this.programs.server,
      args: ['start'],
      env: {
        ...process.env,
        ...parseEnv(readFileSync(settingsFile('temporal.env'), 'utf8')),
        POSTGRES_SEEDS: '127.0.0.1',
        DB_PORT: String(ports.primary),
        POSTGRES_PWD: 'postgres',
        DYNAMIC_CONFIG_FILE_PATH: settingsFile('temporal-dynamic-config.yaml'),
        BIND_ON_IP: '127.0.0.1',
        FRONTEND_GRPC_PORT: String(ports.temporal),
        FRONTEND_HTTP_PORT: String(http),
        MATCHING_GRPC_PORT: String(matching),
        HISTORY_GRPC_PORT: String(history),
        WORKER_GRPC_PORT: String(worker),
        FRONTEND_MEMBERSHIP_PORT: String(members[0]),
        MATCHING_MEMBERSHIP_PORT: String(members[1]),
        HISTORY_MEMBERSHIP_PORT: String(members[2]),
        WORKER_MEMBERSHIP_PORT: String(members[3]),
      },
      isReady: () => this.hasNamespace('default'),
    });
  }

  async end(signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end('temporal', signal);
  }

  /** Has sagas of a service go on, and new ones begin, in one build of it. */
  async makeCurrent(deploymentName: string, buildId: string): Promise<void> {
    await this.withConnection(async ({ workflowService }) => {
      await workflowService.setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName, buildId });
    });
  }

  /** The build of a service that is current; null where none is. */
  async currentBuild(deploymentName: string): Promise<string | null> {
    return this.withConnection(async ({ workflowService }) => {
      const { workerDeploymentInfo } = await workflowService.describeWorkerDeployment({
        namespace: 'default',
        deploymentName,
      });
      return workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? null;
    });
  }

  /** Makes the namespace where it is missing. @returns whether it can be used */
  private async hasNamespace(namespace: string): Promise<boolean> {
    return this.withConnection(async ({ workflowService }) => {
      await workflowService
        .registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(RETENTION) })
        .catch((error: unknown) => {
          if (!isGrpcServiceError(error) || error.code !== status.ALREADY_EXISTS) throw error;
        });
      await workflowService.describeNamespace({ namespace });
      // Known to the part that keeps the sagas, too, which hears of it some seconds later.
      await workflowService.listWorkflowExecutions({ namespace, pageSize: 1 });
      return true;
    });
  }

  private async bringUpToDate({ database, schema }: { database: string; schema: string }): Promise<void> {
    const { primary } = this.ports;
    const isNew = await createDatabase(primary, database);
    const target = ['--plugin', 'postgres12', '--endpoint', '127.0.0.1', '--port', String(primary)];
    const run = (...args: string[]): Promise<string> =>
      runProgram(this.programs.sqlTool, [
        ...target,
        '--user',
        'postgres',
        '--password',
        'postgres',
        '--db',
        database,
        ...args,
      ]);
    if (isNew) await run('setup-schema', '--version', '0.0');
    await run('update-schema', '--schema-name', schema);
  }

  private async withConnection<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await Connection.connect({ address: this.address, connectTimeout: '3s' });
    try {
      return await connection.withDeadline(Date.now() + 10_000, () => use(connection));
    } finally {
      await connection.close();
    }
  }
}

/** @returns whether the database has no schema yet */
async function createDatabase(port: number, name: string): Promise<boolean> {
  const at = <T>(database: string, use: (sql: Client) => Promise<T>): Promise<T> =>
    withDatabase(`postgresql://postgres:postgres@127.0.0.1:${port}/${database}`, use);
  const { rowCount } = await at('postgres', (sql) => sql.query('SELECT FROM pg_database WHERE datname = $1', [name]));
  if (rowCount === 0) await at('postgres', (sql) => sql.query(`CREATE DATABASE ${sql.escapeIdentifier(name)}`));
  const { rows } = await at(name, (sql) =>
    sql.query<{ none: boolean }>("SELECT to_regclass('schema_version') IS NULL AS none"),
  );
  return rows[0]?.none ?? true;
}
