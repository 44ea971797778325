import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Result } from '../measurement/results';
import { keepResultsIn } from './results-file';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'results-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const aResult = (rep: number): Result => ({ contestant: 'ours', rep }) as Result;
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

test('results are kept as they come, a line each', () => {
  const keep = keepResultsIn(folder);
  keep([aResult(1), aResult(2)]);
  keep([aResult(3)]);
  expect(read('results.jsonl').split('\n')).toEqual([1, 2, 3].map((rep) => JSON.stringify(aResult(rep))).concat(''));
});

test('those of an earlier run are put aside under their time', () => {
  keepResultsIn(folder)([aResult(1)]);
  const writtenAt = new Date('2026-01-02T03:04:05.678Z');
  utimesSync(join(folder, 'results.jsonl'), writtenAt, writtenAt);

  keepResultsIn(folder)([aResult(2)]);

  expect(readdirSync(folder).toSorted()).toEqual(['results-2026-01-02T03-04-05.678Z.jsonl', 'results.jsonl']);
  expect(read('results-2026-01-02T03-04-05.678Z.jsonl')).toContain('"rep":1');
  expect(read('results.jsonl')).toContain('"rep":2');
});
