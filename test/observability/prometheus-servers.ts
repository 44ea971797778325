import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@shop/dev/ports';
import { findProgram } from '@shop/dev/programs';
import type { Starter } from '@shop/dev/servers';
import { parse, stringify } from 'yaml';
import { RULE_FILES } from './rule-files';
import { shortenDurations } from './shorten-durations';

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

/**
 * Starts a Prometheus with the product's rules, whose durations are shortened.
 *
 * @param targets for each job, the addresses to scrape
 * @param alertmanager the URL of the Alertmanager that receives the alerts
 * @returns its URL
 */
export async function startPrometheus(
  {
    folder,
    targets,
    alertmanager,
    factor,
  }: { folder: string; targets: Record<string, string[]>; alertmanager?: string; factor: number },
  servers: Starter,
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const rules = RULE_FILES.map((path, at) => {
    const file = join(folder, `rules-${at}.yml`);
    writeFileSync(file, stringify(shortenDurations(parse(readFileSync(path, 'utf8')), factor)));
    return file;
  });
  const file = join(folder, 'prometheus.yml');
  const managers = alertmanager === undefined ? [] : [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }];
  const configuration = {
    // A scrape takes up to 2.5 s during an outage, whatever the factor.
    global: { scrape_interval: '3s', scrape_timeout: '3s', evaluation_interval: '500ms' },
    rule_files: rules,
    alerting: { alertmanagers: managers },
    scrape_configs: Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      static_configs: [{ targets: addresses }],
    })),
  };
  writeFileSync(file, stringify(configuration));
  const address = `127.0.0.1:${await freePort()}`;
  await servers.start({
    name: 'prometheus',
    program: toolPath('prometheus'),
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=${address}`,
      '--rules.alert.resend-delay=1s',
    ],
    isReady: () => answers(`http://${address}/-/ready`),
  });
  return `http://${address}`;
}
