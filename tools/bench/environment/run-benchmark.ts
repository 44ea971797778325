import { dirname, join } from 'node:path';
import { lockDataFolder } from '@shop/dev/data-folder';
import { SetupError } from '@shop/dev/setup-error';
import { BenchEnvironment, printProgress } from './bench-environment';
import { clearServiceSettings } from './service-settings';

/**
 * Starts the environment, runs a benchmark in it and stops all servers, also after Ctrl-C. Then exits this process: with
 * 0 if the benchmark returned true, otherwise with 1.
 *
 * @param folder for results; the servers' data is in its subfolder `environment`. Its parent folder is locked: two
 *   concurrent benches would measure each other.
 * @param virtualHosts to create in RabbitMQ, one per candidate
 */
export async function runBenchmark(
  folder: string,
  virtualHosts: string[],
  benchmark: (environment: BenchEnvironment) => Promise<boolean>,
): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => reject(new Error(signal)));
  });
  interrupted.catch(() => undefined); // a signal during the start takes effect after it, in Promise.race
  let environment: BenchEnvironment | null = null;
  let passed = false;
  try {
    process.once('exit', lockDataFolder(dirname(folder), 'Two benches would measure each other.'));
    clearServiceSettings();
    environment = await BenchEnvironment.start(join(folder, 'environment'), virtualHosts);
    passed = await Promise.race([benchmark(environment), interrupted]);
  } catch (error) {
    const withStack = error instanceof Error && !(error instanceof SetupError);
    printProgress(withStack ? (error.stack ?? error.message) : String(error));
    if (environment) printProgress(`The logs are in ${environment.folder}/logs.`);
  }
  await environment?.stop();
  process.exit(passed ? 0 : 1);
}
