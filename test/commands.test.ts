import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

// Each target of `make help` is an npm script as well; the script `test:unit` belongs to the target `test-unit`.

const read = (name: string): string => readFileSync(join(__dirname, '..', name), 'utf8');
const makefile = read('Makefile');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
/** `npm run` itself lists the scripts, `clean` removes npm's packages, and `npm start` would seem to run the whole system. */
const ONLY_IN_MAKE = ['help', 'clean', 'start', 'stop'];
const targets = [...makefile.matchAll(/^([a-z-]+):.*## /gm)].map(([, target = '']) => target);

/** The command of a target with its variables replaced, and without the arguments that only make takes. */
function recipeOf(target: string): string {
  const [, command = ''] = new RegExp(`^${target}:.*\\n\\t@(.*)`, 'm').exec(makefile) ?? [];
  const [, jest = ''] = /^JEST := node_modules\/\.bin\/(.*)/m.exec(makefile) ?? [];
  return command
    .replace('$(JEST)', jest)
    .replace(/ ['"]?\$\(.*/, '')
    .trim();
}

test.each(targets.filter((target) => !ONLY_IN_MAKE.includes(target)))('npm run does the same as make %s', (target) => {
  const name = target.replace('-', ':');
  const recipe = recipeOf(target);
  const isCalledByMake = target === 'build' || recipe.includes(`npm run --silent ${name}`);
  // A script without `make` works in the container image as well.
  const same = isCalledByMake ? [scripts[name]] : [`make ${target}`, `make --silent build && ${recipe}`, recipe];

  expect(scripts[name]).toBeDefined();
  expect(same).toContain(scripts[name]);
});

test('every described target is phony', () => {
  const phony = new Set(makefile.slice(makefile.indexOf('.PHONY:')).match(/[a-z-]+/g));
  expect(targets.filter((target) => !phony.has(target))).toEqual([]);
});

test('a description fits into one line of a terminal', () => {
  const long = [...makefile.matchAll(/^([a-z-]+):.*## (.*)/gm)].filter(([, , text = '']) => text.length > 99);
  expect(long.map(([, target]) => target)).toEqual([]);
});
