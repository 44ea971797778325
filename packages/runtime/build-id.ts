import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Gauge } from 'prom-client';
import { registry } from './metrics';

/**
 * Derives a build id from the bundled workflow code: the first 12 hexadecimal digits of its SHA-256. Equal code has an
 * equal id on every machine, and every change that could break a replay changes the id.
 */
export const buildIdOf = (bundle: string): string =>
  createHash('sha256').update(readFileSync(bundle)).digest('hex').slice(0, 12);

/** Publishes the build id at `/metrics`: as the label of a gauge that is always 1, the convention for such metrics. */
export function publishBuildId(buildId: string): void {
  new Gauge({
    name: 'build_info',
    help: 'Build id of the workflow code; the value is always 1.',
    labelNames: ['build_id'],
    registers: [registry],
  })
    .labels(buildId)
    .set(1);
}
