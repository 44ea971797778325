import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** Runs a target of its own beside those of the Makefile. @returns the value of a variable in the target's environment */
function variableInTarget(name: string, ...args: string[]): string {
  const { [name]: _, MAKEFLAGS: __, MAKEOVERRIDES: ___, ...env } = process.env;
  const { stdout } = spawnSync('make', ['--silent', '-f', 'Makefile', '-f', '-', 'print', ...args], {
    cwd: join(__dirname, '..'),
    env,
    input: `print:\n\t@echo "$\${${name}-unset}"\n`,
    encoding: 'utf8',
  });
  return stdout.trim();
}

test('make passes a variable of its command line to the commands', () => {
  expect(variableInTarget('SEED', 'SEED=3')).toBe('3');
});

test.each(['LAST', 'SAGA', 'NAME', 'SEED', 'ORDERS', 'TRIES'])('make sets no %s if nobody does', (name) => {
  expect(variableInTarget(name)).toBe('unset');
});
