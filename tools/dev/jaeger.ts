import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports';
import { cachedPrograms, cacheFor, goCommand } from './program-cache';
import { findProgram } from './programs';
import type { Print } from './progress';
import type { Starter } from './servers';

const VERSION = '1.76.0';
const PACKAGE = 'github.com/jaegertracing/jaeger/cmd/jaeger';

/** The addresses of a running Jaeger. */
export interface Jaeger {
  /** Takes spans by OTLP over HTTP. */
  collectorUrl: string;
  /** The page and the API. */
  url: string;
}

/**
 * Finds Jaeger: on the PATH, in the cache, or by a build with Go. A Jaeger that Go has built serves its API, but instead of
 * its page only a placeholder, because the page is not part of the Go module.
 *
 * @throws {SetupError} if it cannot be built
 */
export async function findJaeger(print: Print): Promise<string> {
  const onPath = findProgram('jaeger');
  if (onPath) return onPath;
  const [program] = await cachedPrograms(print, {
    what: 'Jaeger',
    cache: cacheFor(`jaeger-${VERSION}`),
    names: ['jaeger'],
    check: ['version'],
    methods: { 'building it with Go, which takes 5 to 20 minutes': build },
    remedy: 'Install it (https://www.jaegertracing.io/download) so that jaeger is on the PATH.',
  });
  return program!;
}

/** `go install` refuses Jaeger's module because of its replace directives. A tool of another module is built without them. */
async function build(folder: string): Promise<void> {
  const go = goCommand(folder);
  await go('mod', 'init', 'jaeger-build');
  await go('get', '-tool', `${PACKAGE}@v${VERSION}`);
  await go('build', '-trimpath', '-ldflags', '-s -w', '-o', join(folder, 'jaeger'), PACKAGE);
}

/**
 * Starts Jaeger with its traces in memory, on free ports of 127.0.0.1.
 *
 * @param folder for its configuration
 */
export async function startJaeger(
  { program, folder }: { program: string; folder: string },
  servers: Starter,
): Promise<Jaeger> {
  const [collector, ui, grpc] = [await freePort(), await freePort(), await freePort()];
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'jaeger.json');
  writeFileSync(file, JSON.stringify(configuration({ collector, ui, grpc })));
  const url = `http://127.0.0.1:${ui}`;
  await servers.start({
    name: 'jaeger',
    program,
    args: ['--config', file],
    isReady: async () => (await fetch(`${url}/api/services`)).ok,
  });
  return { url, collectorUrl: `http://127.0.0.1:${collector}` };
}

const endpoint = (port: number) => ({ endpoint: `127.0.0.1:${port}` });

/** The configuration of an OpenTelemetry Collector, which Jaeger is since version 2. */
function configuration(ports: { collector: number; ui: number; grpc: number }): object {
  return {
    extensions: {
      jaeger_storage: { backends: { memory: { memory: { max_traces: 100_000 } } } },
      jaeger_query: { storage: { traces: 'memory' }, http: endpoint(ports.ui), grpc: endpoint(ports.grpc) },
    },
    receivers: { otlp: { protocols: { http: endpoint(ports.collector) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
      telemetry: { metrics: { level: 'none' } }, // they would need a fixed port
    },
  };
}
