import type { ContestantName } from '../candidates/candidates';
import type { Measurement } from './measure';
import { spreadOf, type Spread } from './statistics';

/** One case of one contestant in one repetition. */
export interface Result extends Measurement {
  contestant: ContestantName;
  rep: number;
  case: string;
  /** What was wrong with stock and payments afterwards. */
  violations: string[];
}

/** What is wrong with a case, a line each; one that is clean has nothing. */
export const flawsOf = ({
  violations,
  unsettled,
  wrong,
}: Pick<Result, 'violations' | 'unsettled' | 'wrong'>): string[] => [
  ...violations,
  ...(unsettled > 0 ? [`${unsettled} orders did not settle`] : []),
  ...(wrong > 0 ? [`${wrong} POSTs were answered neither 201 nor 503 with Retry-After`] : []),
];

/** Whether the speed of a case means anything. */
export const isClean = (result: Parameters<typeof flawsOf>[0]): boolean => flawsOf(result).length === 0;

// Of the machine. Above it the figures are as much those of what else ran.
const DISTURBS = 0.2;

/** Whether a case had the machine nearly to itself. */
export const isQuiet = ({ foreign }: Pick<Result, 'foreign'>): boolean => foreign <= DISTURBS;

export type Figure = (result: Result) => number;

/** A figure over the repetitions of a case; null where the case was not run. */
export function figureOf(
  results: Result[],
  contestant: ContestantName,
  caseName: string,
  figure: Figure,
): Spread | null {
  const values = results
    .filter((result) => result.contestant === contestant && result.case === caseName)
    .map(figure)
    .filter((value) => !Number.isNaN(value));
  return values.length === 0 ? null : spreadOf(values);
}

export const total = (parts: Partial<Record<string, number>>): number =>
  Object.values(parts).reduce<number>((sum, value) => sum + (value ?? 0), 0);
