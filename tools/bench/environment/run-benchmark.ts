import { dirname, join } from 'node:path';
import { SetupError } from '@shop/dev/setup-error';
import { lockDataFolder } from '@shop/dev/data-folder';
import { forgetServiceSettings } from './service-settings';
import { say, Stage } from './bench-environment';

/**
 * Sets the stage, does something on it, and stops all that was started, also at Ctrl-C. Ends this process, with 0 where
 * all was as it should be.
 *
 * @param folder results are kept in it, and the servers have a place in it that is emptied first; one bench at a time
 *   works beside it, since two would measure each other
 */
export async function onStage(
  folder: string,
  names: string[],
  perform: (stage: Stage) => Promise<boolean>,
): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => reject(new Error(signal)));
  });
  interrupted.catch(() => undefined); // one that comes early is heard once the stage is set
  let stage: Stage | null = null;
  let good = false;
  try {
    process.once('exit', lockDataFolder(dirname(folder), 'Two benches would measure each other.'));
    forgetServiceSettings();
    stage = await Stage.set(join(folder, 'stage'), names);
    good = await Promise.race([perform(stage), interrupted]);
  } catch (error) {
    const isForPeople = error instanceof SetupError || !(error instanceof Error);
    say(isForPeople ? String(error) : (error.stack ?? error.message));
    if (stage) say(`Logs are in ${stage.folder}/logs.`);
  }
  await stage?.strike();
  process.exit(good ? 0 : 1);
}
