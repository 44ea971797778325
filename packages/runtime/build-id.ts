import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Gauge } from 'prom-client';
import { registry } from './metrics';

/**
 * What names the code that sagas are replayed by: the hash of the bundle of workflows. The same code has the same id,
 * wherever and whenever it was built, and any change that could matter to a running saga gives another.
 */
export const buildIdOf = (bundle: string): string =>
  createHash('sha256').update(readFileSync(bundle)).digest('hex').slice(0, 12);

/** Shows the build id at `/metrics`, as Prometheus likes to have it: a label of a number that is always 1. */
export function showBuildId(buildId: string): void {
  new Gauge({
    name: 'build_info',
    help: 'The build of the workflows.',
    labelNames: ['build_id'],
    registers: [registry],
  })
    .labels(buildId)
    .set(1);
}
