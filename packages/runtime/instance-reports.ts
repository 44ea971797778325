import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { OrdersClient } from '@shop/prisma/clients';
import type { Part } from './lifecycle';
import type { Logger } from './log';
import type { Readiness } from './readiness';

/** A client of any database that has the table `instances`: both services have one. */
export type InstanceDatabase = Pick<OrdersClient, '$queryRaw'>;

/** An instance of a service, as it last reported itself. */
export interface ReportedInstance extends Readiness {
  instanceId: string;
  service: string;
  host: string;
  processId: number;
  buildId: string;
  startedAt: Date;
  reportedAt: Date;
  /** How long ago it reported, in seconds, by the clock of the database. */
  ageSeconds: number;
}

export interface InstanceReportsOptions {
  service: string;
  buildId: string;
  /** The primary. */
  database: InstanceDatabase;
  readiness: () => Promise<Readiness>;
  log: Logger;
  intervalMs?: number;
}

const INTERVAL_MS = 5_000;
/** An instance that has not reported for this long ended without removing its row. */
export const FORGET_AFTER_S = 3_600;

/**
 * Reports this instance in the table `instances` every 5 seconds, and removes it when the instance stops. An instance that was
 * killed, or that cannot reach the database, keeps its row: the age of the row shows it for an hour.
 */
export class InstanceReports implements Part {
  readonly name = 'instance reports';
  private readonly instanceId = randomUUID();
  private readonly startedAt = new Date(Date.now() - process.uptime() * 1_000);
  private timer: NodeJS.Timeout | null = null;
  private reporting: Promise<void> = Promise.resolve();

  constructor(private readonly options: InstanceReportsOptions) {}

  /** Starts to report. The table must exist. */
  start(): void {
    const { intervalMs = INTERVAL_MS } = this.options;
    this.reportNow();
    this.timer = setInterval(() => this.reportNow(), intervalMs);
  }

  /** Stops reporting and removes the row, unless the database is unavailable. */
  async stop(): Promise<void> {
    if (!this.timer) return;
    clearInterval(this.timer);
    await this.reporting;
    await this.options.database.$queryRaw`
      DELETE FROM instances WHERE instance_id = ${this.instanceId}::uuid RETURNING instance_id`.catch(() => undefined);
  }

  private reportNow(): void {
    this.reporting = this.reporting.then(() =>
      this.report().catch((error: unknown) => this.options.log.debug({ err: error }, 'could not report this instance')),
    );
  }

  private async report(): Promise<void> {
    const { service, buildId, database, readiness } = this.options;
    const { ready, checks } = await readiness();
    await database.$queryRaw`
      WITH forgotten AS (
        DELETE FROM instances WHERE reported_at < now() - ${FORGET_AFTER_S}::int * interval '1 second'
      )
      INSERT INTO instances (instance_id, service, host, process_id, build_id, ready, checks, started_at)
      VALUES (${this.instanceId}::uuid, ${service}, ${hostname()}, ${process.pid}::int, ${buildId}, ${ready},
        ${JSON.stringify(checks)}::jsonb, ${this.startedAt}::timestamptz)
      ON CONFLICT (instance_id) DO UPDATE SET ready = excluded.ready, checks = excluded.checks, reported_at = now()
      RETURNING instance_id`;
  }
}

/** Finds the instances that have reported within the last hour, by service and start. */
export const findInstances = (database: InstanceDatabase, service: string): Promise<ReportedInstance[]> =>
  database.$queryRaw<ReportedInstance[]>`
    SELECT instance_id AS "instanceId", service, host, process_id AS "processId", build_id AS "buildId", ready, checks,
      started_at AS "startedAt", reported_at AS "reportedAt",
      greatest(0, extract(epoch FROM now() - reported_at))::float8 AS "ageSeconds"
    FROM instances
    WHERE service = ${service} AND reported_at > now() - ${FORGET_AFTER_S}::int * interval '1 second'
    ORDER BY started_at, instance_id LIMIT 100`;
