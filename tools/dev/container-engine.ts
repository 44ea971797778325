import { dirname, join } from 'node:path';
import { findProgram, runProgram } from './programs';
import { withProgress, type Print } from './progress';

const COMPOSE_FILE = join(dirname(require.resolve('@shop/dev/package.json')), '..', '..', 'docker-compose.yml');
const ANSWERS_WITHIN_MS = 5_000;

/**
 * Starts servers with the container engine, as `docker compose up -d` does: on the default ports, their data in volumes.
 *
 * @param engine the program, such as `docker`; `none` does without
 * @param services by their names in docker-compose.yml
 * @returns whether they run; false where there is no engine, or it could not start them
 */
export async function startInContainers(engine: string, services: string[], print: Print): Promise<boolean> {
  const program = engine === 'none' || services.length === 0 ? null : findProgram(engine);
  if (program === null || !(await answers(program))) return false;
  try {
    await withProgress(print, `${engine}: starting ${services.join(', ')}, as docker-compose.yml has them`, () =>
      runProgram(program, ['compose', '--file', COMPOSE_FILE, 'up', '--detach', '--wait', ...services]),
    );
    print(`  they stay when this ends: ${engine} compose down stops them`);
    return true;
  } catch (error) {
    print(`  not possible here: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** A program without its daemon, or without Compose, is no engine. */
async function answers(program: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  try {
    await runProgram(program, ['info'], { signal });
    await runProgram(program, ['compose', 'version'], { signal });
    return true;
  } catch {
    return false;
  }
}
