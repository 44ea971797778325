import { dirname } from 'node:path';
import type { Starter } from '@shop/dev/servers';
import { configurationFile } from './layout';

/** Starts the Web UI of a Temporal server. */
export async function startTemporalWebUi(
  { program, port, temporalAddress }: { program: string; port: number; temporalAddress: string },
  servers: Starter,
): Promise<void> {
  const folder = dirname(configurationFile('temporal-ui'));
  await servers.start({
    name: 'temporal-ui',
    program,
    args: ['--root', folder, '--config', 'temporal-ui', '--env', 'cluster', 'start'],
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_UI_HOST: '127.0.0.1',
      TEMPORAL_UI_PORT: String(port),
    },
    isReady: async () => (await fetch(`http://localhost:${port}`)).ok,
  });
}
