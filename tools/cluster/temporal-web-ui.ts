import { dirname } from 'node:path';
import { buildWithGo, cachedPrograms, cacheFor } from '@shop/dev/program-cache';
import { findProgram } from '@shop/dev/programs';
import type { Print } from '@shop/dev/progress';
import type { Starter } from '@shop/dev/servers';
import { settingsFile } from './layout';

const VERSION = '2.42.1';

/** Temporal's Web UI: from the PATH, else built with Go. @throws SetupError */
export async function findTemporalWebUi(say: Print): Promise<string> {
  const onPath = findProgram('temporal-ui-server');
  if (onPath) return onPath;
  const [built] = await cachedPrograms(say, {
    what: "Temporal's Web UI",
    cache: cacheFor(`temporal-ui-${VERSION}`),
    names: ['server'],
    methods: {
      'building it with Go, which takes about a minute': (folder) =>
        buildWithGo([`github.com/temporalio/ui-server/v2/cmd/server@v${VERSION}`], folder),
    },
    remedy: 'Install Go (https://go.dev/dl), or put temporal-ui-server on the PATH.',
  });
  return built!;
}

/** Starts the Web UI of a Temporal server. @param program as `findTemporalWebUi` has it */
export async function startTemporalWebUi(
  { program, port, temporalAddress }: { program: string; port: number; temporalAddress: string },
  servers: Starter,
): Promise<void> {
  await servers.start({
    name: 'temporal-ui',
    program,
    args: ['--root', dirname(settingsFile('temporal-ui')), '--config', 'temporal-ui', '--env', 'cluster', 'start'],
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_UI_HOST: '127.0.0.1',
      TEMPORAL_UI_PORT: String(port),
    },
    isReady: async () => (await fetch(`http://localhost:${port}`)).ok,
  });
}
