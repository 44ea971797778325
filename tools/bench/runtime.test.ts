import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { NODE_OPTIONS } from '@shop/dev/service-program';

const read = (...path: string[]): string => readFileSync(join(__dirname, '..', '..', ...path), 'utf8');

test('the benches run on the Node that the container image has', () => {
  const images = [...read('Dockerfile').matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => major);
  const { optionalDependencies } = JSON.parse(read('tools', 'bench', 'package.json')) as {
    optionalDependencies: Record<string, string>;
  };

  const versions = Object.values(optionalDependencies);
  expect(images).not.toHaveLength(0);
  expect(new Set([...images, ...versions.map((version) => version.split('.')[0])]).size).toBe(1);
  expect(new Set(versions).size).toBe(1);
});

test('the container image bounds the memory of a service as the commands do', () => {
  expect(read('Dockerfile')).toContain(`NODE_OPTIONS="${NODE_OPTIONS}"`);
});
