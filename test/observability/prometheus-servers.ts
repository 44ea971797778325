import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@shop/dev/ports';
import { findProgram } from '@shop/dev/programs';
import type { Starter } from '@shop/dev/servers';
import { stringify } from 'yaml';

/** The programs that these tests run. Debian's packages are prometheus and prometheus-alertmanager. */
const findTools = () => ({
  prometheus: findProgram('prometheus'),
  promtool: findProgram('promtool'),
  alertmanager: findProgram('alertmanager') ?? findProgram('prometheus-alertmanager'),
  amtool: findProgram('amtool'),
});

/** Whether all of these programs are installed. */
export const hasPrometheus = Object.values(findTools()).every((path) => path !== null);

/** Returns the path of a program. @throws {Error} if it is not installed */
export function toolPath(name: keyof ReturnType<typeof findTools>): string {
  const path = findTools()[name];
  if (path === null) throw new Error(`Install ${name}: Debian's packages are prometheus and prometheus-alertmanager.`);
  return path;
}

const answers = async (url: string): Promise<boolean> => (await fetch(url)).ok;

/**
 * Starts an Alertmanager.
 *
 * @param configuration the content of its configuration file
 * @returns its URL
 */
export async function startAlertmanager(
  { configuration, folder }: { configuration: object; folder: string },
  servers: Starter,
): Promise<string> {
  const file = join(folder, 'alertmanager.yml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, stringify(configuration));
  const address = `127.0.0.1:${await freePort()}`;
  await servers.start({
    name: 'alertmanager',
    program: toolPath('alertmanager'),
    args: [
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      `--web.listen-address=${address}`,
      '--cluster.listen-address=', // no cluster
    ],
    isReady: () => answers(`http://${address}/-/ready`),
  });
  return `http://${address}`;
}
