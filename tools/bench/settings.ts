import { duration, integer, readEnvironment } from '@shop/runtime/environment';
import { z } from 'zod';
import { candidates } from './candidates/candidates';

const names = candidates.map(({ name }) => name);

const settings = z.object({
  /** The duration of a paced scenario. */
  BENCH_SECONDS: integer(8, 1, 3_600),
  /** The number of orders in a burst. */
  BENCH_ORDERS: integer(1_000, 10, 1_000_000),
  /** The number of repetitions. */
  BENCH_REPS: integer(3, 1, 100),
  /** The names of the candidates to run, separated by commas; by default all. */
  BENCH_ONLY: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(z.enum(names, { error: `is not one of ${names.join(', ')}` }))),
  /** The numbers of settled orders after which `make bench-growth` measures, separated by commas. */
  GROWTH_ORDERS: z
    .string()
    .default('1000,10000')
    .refine((text) => /^\d+(,\d+)*$/.test(text), { error: 'is not a list of numbers, for example 1000,10000' })
    .transform((text) => text.split(',').map(Number)),
  /** How long `make bench-growth` applies half of the load that this shop can settle. */
  HALF_LOAD_FOR: duration('10m'),
  /** How long `make bench-overload` applies its load. */
  OVERLOAD_FOR: duration('10m'),
  /** The rate of `make bench-overload` in orders/s; 0 is 2.5 times the rate that settles in a burst. */
  OVERLOAD_PER_SECOND: integer(0, 0, 100_000),
  /** The folder of another build of this repository, which `make bench-tracing` compares with this one. */
  BASELINE: z.string().optional(),
});

export type Settings = z.output<typeof settings>;

/** Reads the settings from the environment. @throws {ConfigError} with every invalid setting */
export const readSettings = (): Settings => readEnvironment(settings);
