import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

interface Service {
  image: string;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  read_only?: boolean;
  mem_limit?: string;
  logging?: { options: Record<string, string> };
  profiles?: string[];
  ports?: string[];
}

const file = readFileSync(join(__dirname, '..', 'docker-compose.yml'), 'utf8');
const { services } = parse(file, { merge: true }) as { services: Record<string, Service> };

test.each(Object.entries(services))('the container of %s is confined', (_name, service) => {
  expect(service.cap_drop).toEqual(['ALL']);
  expect(service.security_opt).toEqual(['no-new-privileges:true']);
  expect(service.mem_limit).toMatch(/^\d+[mg]$/);
  expect(service.logging?.options).toEqual({ 'max-size': '10m', 'max-file': '3' });
});

test('the containers of the product, the load balancer and the monitoring have no capabilities and cannot write to their files', () => {
  const strict = Object.values(services).filter(
    ({ image, profiles }) => /^(order-placement|haproxy:)/.test(image) || profiles?.includes('observability'),
  );

  expect(strict.length).toBeGreaterThan(6);
  for (const service of strict) expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'] });
  for (const service of strict) expect(service.cap_add).toBeUndefined();
});

test('PostgreSQL writes only to its volume and to temporary file systems', () => {
  const servers = Object.values(services).filter(({ image }) => image.startsWith('postgres:'));

  expect(servers).toHaveLength(3);
  for (const server of servers) {
    expect(server).toMatchObject({ read_only: true, tmpfs: ['/tmp', '/var/run/postgresql'] });
  }
});

test('every image has a version', () => {
  const images = Object.values(services).map(({ image }) => image);
  for (const image of images.filter((name) => name !== 'order-placement')) expect(image).toMatch(/^[\w/-]+:[\w.-]+$/);
});

test('every port is published on the loopback address', () => {
  const ports = Object.values(services).flatMap(({ ports: published }) => published ?? []);

  expect(ports.length).toBeGreaterThan(10);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});
