import { dirname, join } from 'node:path';
import type { ServerProgram } from './servers';

/** The services, in the order in which they start. */
export const SERVICES = ['payment-processing', 'order-management'] as const;
export type ServiceName = (typeof SERVICES)[number];

const REPOSITORY = join(dirname(require.resolve('@shop/dev/package.json')), '..', '..');
const READINESS_TIMEOUT_MS = 3_000;

/** Bounds the memory of a service. The image has the same (docs/decisions/0034-node-garbage-collection.md). */
export const NODE_OPTIONS = '--max-semi-space-size=16 --max-old-space-size=1024';

/**
 * Describes how to run a built service as a separate process, on one port of this machine, which serves the metrics as well
 * unless the environment sets `MANAGEMENT_PORT`.
 *
 * @param name names the instance in messages and log files; the service's name by default
 * @param environment all environment variables of the process except `PORT`
 * @param readyPath the path that answers 200 once the instance can be used: `/readyz` includes the servers that the
 *   service needs, `/livez` does not
 */
export function serviceProgram({
  service,
  name = service,
  port,
  environment,
  readyPath = '/readyz',
}: {
  service: ServiceName;
  name?: string;
  port: number;
  environment: NodeJS.ProcessEnv;
  readyPath?: '/readyz' | '/livez';
}): ServerProgram {
  return {
    name,
    program: process.execPath,
    args: [join(REPOSITORY, service, 'dist', 'main.js')],
    env: { NODE_OPTIONS, MANAGEMENT_PORT: 'same', ...environment, PORT: String(port) },
    isReady: async () => {
      const signal = AbortSignal.timeout(READINESS_TIMEOUT_MS);
      return (await fetch(`http://localhost:${port}${readyPath}`, { signal })).ok;
    },
  };
}

/** Returns the URL of the payment tables, which are in a separate schema of the shop's database. */
export function paymentsDatabaseOf(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set('schema', 'payments');
  return url.toString();
}
