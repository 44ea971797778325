import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { freePort } from '@shop/dev/ports';

/** Runs a program that has `tracing` and `log`, the lines that it logs. @returns what it writes as JSON */
async function run<T>(environment: NodeJS.ProcessEnv, code: string): Promise<T> {
  const program = `
    const { startTracing } = require('@shop/runtime/tracing/tracing');
    const { inSpan, tracer } = require('@shop/runtime/tracing/in-span');
    const lines = [];
    const log = { info: (text) => lines.push(text), warn: (_fields, text) => lines.push(text) };
    const tracing = startTracing('a-service', process.env, log);
    (async () => { ${code} })().then((result) => console.log(JSON.stringify(result)));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { env: environment });
  return JSON.parse(stdout) as T;
}

describe('tracing', () => {
  test('loads nothing of the SDK while it is off', async () => {
    const loaded = `return Object.keys(require.cache).filter((file) => /opentelemetry/.test(file))
      .map((file) => file.split('/node_modules/').at(-1).split('/').slice(0, 2).join('/'));`;
    const packages = new Set(await run<string[]>({}, loaded));

    expect([...packages]).toEqual(['@opentelemetry/api']);
  });

  test('drops the spans that a collector does not take, logs it once, and stops within 3 seconds', async () => {
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:${await freePort()}`,
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_EXPORTER_OTLP_TIMEOUT: '100',
      OTEL_BSP_MAX_QUEUE_SIZE: '100',
    };
    const { results, lines, stoppedAfterMs } = await run<{ results: number; lines: string[]; stoppedAfterMs: number }>(
      environment,
      `let results = 0;
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 200; i++) results += await inSpan('work', {}, async () => 1);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const before = performance.now();
      await tracing.stop();
      return { results, lines, stoppedAfterMs: performance.now() - before };`,
    );

    expect(results).toBe(4_000);
    expect(lines).toEqual(['spans cannot be sent and are dropped']);
    expect(stoppedAfterMs).toBeLessThan(3_000);
  });
});
