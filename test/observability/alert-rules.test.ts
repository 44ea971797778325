import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { OBSERVABILITY, readAlerts, RULE_CASES } from './rule-files';

interface Case {
  promql_expr_test: { expr: string; exp_samples: unknown[] }[];
}
interface InhibitRule {
  source_matchers: string[];
  target_matchers: string[];
}

const alerts = readAlerts();
const names = new Set(alerts.map(({ alert }) => alert));
const parseFile = (path: string): unknown => parse(readFileSync(path, 'utf8'));
const { inhibit_rules: inhibitRules } = parseFile(join(OBSERVABILITY, 'alertmanager.yml')) as {
  inhibit_rules: InhibitRule[];
};

test.each(alerts.map((alert) => [alert.alert, alert] as const))(
  '%s has a severity, says what it means, and links to its runbook',
  (name, { labels, annotations }) => {
    expect(labels.severity).toMatch(/^(page|ticket)$/);
    expect(annotations).toEqual({
      summary: expect.stringMatching(/\.$/),
      description: expect.stringMatching(/\.$/),
      runbook_url: `docs/runbooks.md#${name.toLowerCase()}`,
    });
  },
);

test('each alert fires in one case of rule-cases, and is silent in another', () => {
  const cases = RULE_CASES.flatMap((path) => (parseFile(path) as { tests: Case[] }).tests);
  const expectations = cases.flatMap((one) => one.promql_expr_test);
  const tested = (isFiring: boolean): Set<string | undefined> =>
    new Set(
      expectations
        .filter(({ exp_samples: samples }) => samples.length > 0 === isFiring)
        .map(({ expr }) => /alertname="(\w+)"/.exec(expr)?.[1]),
    );

  expect(tested(true)).toEqual(names);
  expect(tested(false)).toEqual(names);
});

const namesIn = (matchers: string[]): string[] =>
  matchers.flatMap((matcher) => /^alertname=~?"(.*)"$/.exec(matcher)?.[1]?.split('|') ?? []);
const severitiesOf = (matchers: string[]): string[] => {
  const severity = matchers.map((matcher) => /^severity="(\w+)"$/.exec(matcher)?.[1]).find(Boolean);
  if (severity !== undefined) return [severity];
  const selected = namesIn(matchers);
  return alerts.filter(({ alert }) => selected.includes(alert)).map(({ labels }) => labels.severity);
};

test('the inhibition rules name existing alerts, and no alert among its own symptoms', () => {
  for (const { source_matchers: source, target_matchers: target } of inhibitRules) {
    for (const name of [...namesIn(source), ...namesIn(target)]) expect(names).toContain(name);
    expect(namesIn(source).filter((name) => namesIn(target).includes(name))).toEqual([]);
  }
});

test('only a page mutes a page', () => {
  const muting = inhibitRules.filter(({ target_matchers: target }) => severitiesOf(target).includes('page'));

  expect(muting.length).toBeGreaterThan(3);
  for (const { source_matchers: source } of muting) expect(new Set(severitiesOf(source))).toEqual(new Set(['page']));
});
