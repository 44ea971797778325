import * as fc from 'fast-check';

/**
 * Returns values of an arbitrary that a seed determines. All values of a range are equally likely: fast-check's
 * preference for the edges of a range is switched off.
 */
export const sample = <T>(arbitrary: fc.Arbitrary<T>, { seed, count }: { seed: number; count: number }): T[] =>
  fc.sample(arbitrary, { seed, numRuns: count, unbiased: true });

/** Returns all elements of a list in a random order. */
export const shuffled = <T>(items: T[]): fc.Arbitrary<T[]> => someOf(items, items.length);

/** Returns `count` elements of a list in a random order. */
export const someOf = <T>(items: T[], count: number): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray(items, { minLength: count, maxLength: count });

/** Returns an integer, both limits included. */
export const between = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

/** Returns a value of an arbitrary with a probability in percent, else a constant. */
export const sometimes = <T>(percent: number, arbitrary: fc.Arbitrary<T>, otherwise: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: percent, arbitrary }, { weight: 100 - percent, arbitrary: fc.constant(otherwise) });
