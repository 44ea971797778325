import { dirname, join } from 'node:path';
import { findProgram, runProgram } from './programs';
import { withProgress, type Print } from './progress';

const COMPOSE_FILE = join(dirname(require.resolve('@shop/dev/package.json')), '..', '..', 'docker-compose.yml');
const ANSWERS_WITHIN_MS = 5_000;

/**
 * Starts servers with the container engine, like `docker compose up -d`: on the default ports, with data in volumes.
 *
 * @param engine the program, such as `docker`; `none` disables containers
 * @param services their names in docker-compose.yml
 * @returns whether they are running; false if no engine is available or it could not start them
 */
export async function startInContainers(engine: string, services: string[], print: Print): Promise<boolean> {
  const program = engine === 'none' || services.length === 0 ? null : findProgram(engine);
  if (program === null || !(await answers(program))) return false;
  try {
    await withProgress(print, `${engine}: starting ${services.join(', ')} from docker-compose.yml`, () =>
      runProgram(program, ['compose', '--file', COMPOSE_FILE, 'up', '--detach', '--wait', ...services]),
    );
    print(`  They keep running after make run has ended. To stop them: ${engine} compose down`);
    return true;
  } catch (error) {
    print(`  not possible here: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** Returns whether the engine's daemon is running and Compose is installed. */
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
