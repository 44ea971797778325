import { duration, httpUrl, readEnvironment } from '@shop/runtime/environment';
import { z } from 'zod';

/** A percentage such as `10%` or `2.5`; the output is a number from 0 to 1. */
const share = () =>
  z
    .string()
    .default('0%')
    .refine((text) => /^\d+(\.\d+)?%?$/.test(text) && Number.parseFloat(text) <= 100, {
      error: 'is not a share. Use a percentage from 0% to 100%, for example 10%.',
    })
    .transform((text) => Number.parseFloat(text) / 100);

const schema = z
  .object({
    /** Orders per second. */
    RATE: z
      .string()
      .default('5')
      .refine((text) => /^\d+(\.\d+)?$/.test(text) && Number(text) >= 0.01 && Number(text) <= 1_000, {
        error: 'is not a rate. Use a number of orders per second from 0.01 to 1000, for example 20.',
      })
      .transform(Number),
    /** The share of orders that the payment service declines. */
    DECLINED: share(),
    /** The share of orders that their customers cancel. */
    CANCELLED: share(),
    /** How long orders are placed; zero: until the program is interrupted. */
    FOR: duration('0s', { allowZero: true }),
    /** The address of order-management, without a path. */
    URL: httpUrl('http://localhost:8001')
      .refine((text) => !URL.canParse(text) || new URL(text).pathname === '/', {
        error: 'has a path. Use the address only, for example http://localhost:8001.',
      })
      .default('http://localhost:8001'),
    /** An API key with the role operator, if order-management requires credentials. */
    SHOP_API_KEY: z.string().optional(),
  })
  .superRefine(({ DECLINED, CANCELLED }, context) => {
    // An invalid share is reported by itself, and is not a number here.
    if (!(DECLINED + CANCELLED > 1)) return;
    context.addIssue({
      code: 'custom',
      path: ['CANCELLED'],
      message: 'and DECLINED are more than 100% together. Use, for example, DECLINED=10% CANCELLED=5%.',
    });
  });

/** The settings of `make simulate`. Shares are numbers from 0 to 1, durations are in milliseconds. */
export type SimulationSettings = z.output<typeof schema>;

/**
 * Reads the settings of `make simulate`.
 *
 * @throws {ConfigError} with every invalid setting
 */
export const readSimulationSettings = (variables: NodeJS.ProcessEnv = process.env): SimulationSettings =>
  readEnvironment(schema, variables);
