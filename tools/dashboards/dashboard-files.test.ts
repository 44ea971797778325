import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DASHBOARDS, dashboardFiles } from './dashboard-files';

const FOLDER = join(__dirname, '../../deploy/observability/dashboards');

test('make dashboards was run after the last change', () => {
  const committed = new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
  expect(committed).toEqual(dashboardFiles());
});

describe.each(DASHBOARDS)('the dashboard $title', ({ panels }) => {
  test('has at most 12 panels, so that a reader can take it in', () => {
    expect(panels.length).toBeLessThanOrEqual(12);
  });

  test.each(panels)(
    'explains the panel "$title" and answers it with a query',
    ({ title, description, unit, queries }) => {
      expect(title).toMatch(/^[A-Z]/);
      expect(description).toMatch(/^[A-Z].{20,}\.$/);
      expect(unit).toMatch(/./);
      expect(Object.values(queries)).not.toEqual([]);
    },
  );
});

test('no two panels have the same title', () => {
  const titles = DASHBOARDS.flatMap(({ panels }) => panels.map(({ title }) => title));
  expect(new Set(titles).size).toBe(titles.length);
});
