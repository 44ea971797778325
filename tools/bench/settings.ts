import { duration, integer, readEnvironment } from '@shop/runtime/environment';
import { z } from 'zod';
import { contestants } from './candidates/candidates';

const names = contestants.map(({ name }) => name).join(', ');

const settings = z.object({
  /** How long a paced case lasts. */
  BENCH_SECONDS: integer(8, 1, 3_600),
  /** How many orders a burst has. */
  BENCH_ORDERS: integer(1_000, 10, 1_000_000),
  BENCH_REPS: integer(3, 1, 100),
  /** Which contestants take part, by name with commas between; all unless given. */
  BENCH_ONLY: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(
      z.array(
        z.enum(
          contestants.map(({ name }) => name),
          { error: `is none of ${names}` },
        ),
      ),
    ),
  /** After how many settled orders `make bench-growth` looks, with commas between. */
  GROWTH_ORDERS: z
    .string()
    .default('1000,10000')
    .refine((text) => /^\d+(,\d+)*$/.test(text), { error: 'is no list of numbers (such as 1000,10000)' })
    .transform((text) => text.split(',').map(Number)),
  /** How long `make bench-growth` keeps up half the load that the shop can bear. */
  HALF_LOAD_FOR: duration('10m'),
  /** How long `make bench-overload` lasts, and how much it asks for: 0 is 2.5 times what was seen to settle. */
  OVERLOAD_FOR: duration('10m'),
  OVERLOAD_PER_SECOND: integer(0, 0, 100_000),
});

export type Settings = z.output<typeof settings>;

/** @throws ConfigError with every problem of the environment */
export const readSettings = (): Settings => readEnvironment(settings);
