import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from './documents';
import { OBSERVABILITY, readAlerts } from './observability/rule-files';

// An alert links to its section of docs/runbooks.md, and each section belongs to an alert.
const DASHBOARDS = join(OBSERVABILITY, 'dashboards');

const runbooks = readFileSync(join(ROOT, 'docs', 'runbooks.md'), 'utf8');
const [, alertsPart = ''] = runbooks.split('\n## Alerts\n');
const sections = new Map(
  alertsPart
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

const alerts = readAlerts();

test('the sections of docs/runbooks.md are the alerts of the rules', () => {
  expect([...sections.keys()].toSorted()).toEqual([...new Set(alerts.map(({ alert }) => alert))].toSorted());
});

test.each(alerts)('$alert links to its runbook', ({ alert, annotations }) => {
  expect(annotations['runbook_url']).toMatch(new RegExp(`docs/runbooks\\.md#${alert.toLowerCase()}$`));
});

test.each([...sections])('the runbook of %s has four parts', (_, section) => {
  expect(Array.from(section.matchAll(/^- \*\*(.+?)\.\*\*/gm), ([, part]) => part)).toEqual([
    'Meaning',
    'First look',
    'Fix',
    'Verify',
  ]);
});

describe('panels that the runbooks name', () => {
  const titles = readdirSync(DASHBOARDS).flatMap((name) => {
    const { panels } = JSON.parse(readFileSync(join(DASHBOARDS, name), 'utf8')) as { panels: { title: string }[] };
    return panels.map(({ title }) => title);
  });
  const named = Array.from(alertsPart.matchAll(/(?<=^|[\s(])_([^_]+)_(?=[\s,.:)]|$)/gm), ([, name = '']) =>
    name.replaceAll(/\s+/g, ' '),
  ).filter((name) => !['Shop', 'Sagas', 'Messages', 'Services'].includes(name));

  test.each([...new Set(named)])('_%s_ exists', (name) => {
    expect(titles.filter((title) => title.startsWith(name))).not.toEqual([]);
  });
});
