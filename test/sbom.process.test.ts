import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

// npm has the command from 10.2.0 on; Debian's npm is older. CI must have it.
const isPossible = process.env['CI'] === 'true' || spawnSync('npm', ['sbom', '--help']).status === 0;

(isPossible ? test : test.skip)(
  'make sbom lists what the services and their build need, with versions, and nothing that only tests need',
  () => {
    const output = execFileSync('make', ['sbom'], { cwd: join(__dirname, '..'), encoding: 'utf8', maxBuffer: 1e8 });

    const { bomFormat, components } = JSON.parse(output) as {
      bomFormat: string;
      components: { name: string; version: string; purl: string }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['@temporalio/worker', 'express', 'amqplib', 'pg']));
    expect(names).not.toContain('jest');
    for (const { purl, version } of components) expect(purl).toContain(`@${encodeURIComponent(version)}`);
  },
);
