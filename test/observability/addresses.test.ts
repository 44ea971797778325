import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { OBSERVABILITY } from './rule-files';

interface ScrapeConfig {
  job_name: string;
  dns_sd_configs?: { names: string[]; port: number }[];
  static_configs?: { targets: string[] }[];
}

const read = (path: string): unknown => parse(readFileSync(path, 'utf8'), { merge: true });
const { services } = read(join(OBSERVABILITY, '..', '..', 'docker-compose.yml')) as {
  services: Record<string, { command?: string | string[]; profiles?: string[] }>;
};
const { scrape_configs: scrapeConfigs } = read(join(OBSERVABILITY, 'prometheus.yml')) as {
  scrape_configs: ScrapeConfig[];
};

/** The names that Prometheus looks up for a job. */
const namesOf = (job: string): string[] =>
  scrapeConfigs.filter(({ job_name: name }) => name === job).flatMap((one) => one.dns_sd_configs?.[0]?.names ?? []);

test.each(['order-management', 'payment-processing'])('Prometheus scrapes every container of %s', (service) => {
  const containers = Object.entries(services).flatMap(([name, { command }]) =>
    String(command).includes(`${service}/dist/main.js`) ? [name] : [],
  );

  expect(containers.length).toBeGreaterThan(1);
  expect(new Set(namesOf(service))).toEqual(new Set(containers));
});

test('every host that Prometheus, Alertmanager and Grafana connect to is a service of the Compose file', () => {
  const { datasources } = read(join(OBSERVABILITY, 'grafana', 'datasources.yml')) as { datasources: { url: string }[] };
  const hosts = [
    ...scrapeConfigs.flatMap(({ job_name: job }) => namesOf(job)),
    ...scrapeConfigs.flatMap(({ static_configs: configs = [] }) => configs.flatMap(({ targets }) => targets)),
    ...datasources.map(({ url }) => new URL(url).host),
  ].map((address) => address.replace(/:\d+$/, ''));

  expect(hosts.length).toBeGreaterThan(8);
  for (const host of hosts) expect([...Object.keys(services), 'localhost']).toContain(host);
});
