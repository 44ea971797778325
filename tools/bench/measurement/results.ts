import type { CandidateName } from '../candidates/candidates';
import type { Measurement } from './measure';
import { summarize, type Summary } from './statistics';

/** The result of one scenario, for one candidate and one repetition. */
export interface Result extends Measurement {
  candidate: CandidateName;
  /** From 1. */
  repetition: number;
  scenario: string;
  /** Inconsistencies of orders, payments and stock after the scenario. */
  violations: string[];
}

/** Returns a text for each problem that makes a result invalid. */
export const problemsOf = ({
  violations,
  unsettled,
  invalidResponses,
}: Pick<Result, 'violations' | 'unsettled' | 'invalidResponses'>): string[] => [
  ...violations,
  ...(unsettled > 0 ? [`${unsettled} orders did not settle`] : []),
  ...(invalidResponses > 0 ? [`${invalidResponses} POSTs received neither 201 nor 503 with Retry-After`] : []),
];

/** Whether the figures of a result can be compared. */
export const isValid = (result: Parameters<typeof problemsOf>[0]): boolean => problemsOf(result).length === 0;

const MAX_BACKGROUND_LOAD = 0.2; // share of the machine's CPU time

/** Whether other work on the machine was too small to affect the result. */
export const isUndisturbed = ({ backgroundLoad }: Pick<Result, 'backgroundLoad'>): boolean =>
  backgroundLoad <= MAX_BACKGROUND_LOAD;

export type Metric = (result: Result) => number;

/** Summarizes a metric over all repetitions of a scenario. @returns null if the scenario was not run */
export function summaryOf(
  results: Result[],
  candidate: CandidateName,
  scenario: string,
  metric: Metric,
): Summary | null {
  const values = results
    .filter((result) => result.candidate === candidate && result.scenario === scenario)
    .map(metric)
    .filter((value) => !Number.isNaN(value));
  return values.length === 0 ? null : summarize(values);
}

/** Adds up a figure of all components. */
export const sumOf = (byComponent: Partial<Record<string, number>>): number =>
  Object.values(byComponent).reduce<number>((sum, value) => sum + (value ?? 0), 0);
