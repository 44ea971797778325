import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { status } from '@grpc/grpc-js';
import { runProgram } from '@shop/dev/programs';
import { withDatabase } from '@shop/dev/with-database';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import type { Client } from 'pg';
import { configurationFile, type Layout } from './layout';
import type { TemporalPrograms } from './programs';
import type { RecordedServers } from './recorded-servers';

const RETENTION = '7 days';
const STORES = [
  { database: 'temporal', schema: 'postgresql/v12/temporal' },
  { database: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
];

/** A Temporal server with its store in PostgreSQL; the database user is `postgres`, its password too. */
export class TemporalServer {
  constructor(
    private readonly programs: TemporalPrograms,
    private readonly ports: Pick<Layout['ports'], 'primary' | 'temporal' | 'temporalParts'>,
    private readonly servers: Pick<RecordedServers, 'start' | 'end'>,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.ports.temporal}`;
  }

  /** Creates or updates the store, starts the server, and creates the namespace `default`. */
  async start(): Promise<void> {
    for (const store of STORES) await this.updateSchema(store);
    const { ports } = this;
    const [http, matching, history, worker, ...members] = ports.temporalParts;
    await this.servers.start({
      name: 'temporal',
      program: this.programs.server,
      args: ['start'],
      env: {
        ...process.env,
        ...parseEnv(readFileSync(configurationFile('temporal.env'), 'utf8')),
        POSTGRES_SEEDS: '127.0.0.1',
        DB_PORT: String(ports.primary),
        POSTGRES_PWD: 'postgres',
        DYNAMIC_CONFIG_FILE_PATH: configurationFile('temporal-dynamic-config.yaml'),
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
      isReady: () => this.isNamespaceUsable('default'),
    });
  }

  async end(signal?: 'SIGKILL'): Promise<void> {
    await this.servers.end('temporal', signal);
  }

  /** Makes a build of a service current: its running and new sagas then continue in workers of that build. */
  async makeCurrent(deploymentName: string, buildId: string): Promise<void> {
    await this.withConnection(async ({ workflowService }) => {
      await workflowService.setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName, buildId });
    });
  }

  /** Returns the current build of a service; null if none is. */
  async currentBuild(deploymentName: string): Promise<string | null> {
    return this.withConnection(async ({ workflowService }) => {
      const { workerDeploymentInfo } = await workflowService.describeWorkerDeployment({
        namespace: 'default',
        deploymentName,
      });
      return workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? null;
    });
  }

  /** Creates the namespace if it does not exist. @throws {Error} until it can be used */
  private async isNamespaceUsable(namespace: string): Promise<boolean> {
    return this.withConnection(async ({ workflowService }) => {
      await workflowService
        .registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(RETENTION) })
        .catch((error: unknown) => {
          if (!isGrpcServiceError(error) || error.code !== status.ALREADY_EXISTS) throw error;
        });
      await workflowService.describeNamespace({ namespace });
      // Fails until the history service knows the namespace, which takes some seconds more.
      await workflowService.listWorkflowExecutions({ namespace, pageSize: 1 });
      return true;
    });
  }

  private async updateSchema({ database, schema }: { database: string; schema: string }): Promise<void> {
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

/** Creates a database if it does not exist. @returns whether it has no schema */
async function createDatabase(port: number, name: string): Promise<boolean> {
  const connectTo = <T>(database: string, use: (sql: Client) => Promise<T>): Promise<T> =>
    withDatabase(`postgresql://postgres:postgres@127.0.0.1:${port}/${database}`, use);
  const { rowCount } = await connectTo('postgres', (sql) =>
    sql.query('SELECT FROM pg_database WHERE datname = $1', [name]),
  );
  if (rowCount === 0) await connectTo('postgres', (sql) => sql.query(`CREATE DATABASE ${sql.escapeIdentifier(name)}`));
  const { rows } = await connectTo(name, (sql) =>
    sql.query<{ none: boolean }>("SELECT to_regclass('schema_version') IS NULL AS none"),
  );
  return rows[0]?.none ?? true;
}
