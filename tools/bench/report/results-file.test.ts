import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Result } from '../measurement/results';
import { openResultsFile } from './results-file';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'results-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const aResult = (repetition: number): Result => ({ candidate: 'ours', repetition }) as Result;
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

test('appends one line per result', () => {
  const save = openResultsFile(folder);
  save([aResult(1), aResult(2)]);
  save([aResult(3)]);
  expect(read('results.jsonl').split('\n')).toEqual([1, 2, 3].map((rep) => JSON.stringify(aResult(rep))).concat(''));
});

test('renames the file of an earlier run', () => {
  openResultsFile(folder)([aResult(1)]);
  const changedAt = new Date('2026-01-02T03:04:05.678Z');
  utimesSync(join(folder, 'results.jsonl'), changedAt, changedAt);

  openResultsFile(folder)([aResult(2)]);

  expect(readdirSync(folder).toSorted()).toEqual(['results-2026-01-02T03-04-05.678Z.jsonl', 'results.jsonl']);
  expect(read('results-2026-01-02T03-04-05.678Z.jsonl')).toContain('"repetition":1');
  expect(read('results.jsonl')).toContain('"repetition":2');
});
