import {
  amqpUrl,
  commonSettings,
  duration,
  integer,
  oneOf,
  port,
  postgresUrl,
  postgresUrls,
  readEnvironment,
} from '@shop/runtime/environment';
import { z } from 'zod';

const settings = z
  .object({
    ...commonSettings,
    PORT: port(8001),
    DATABASE_URL: postgresUrl('postgresql://postgres:postgres@localhost:5432/Ecommerce'),
    /** Secondaries of that database, in order of preference. */
    DATABASE_READ_URLS: postgresUrls(),
    /** How far behind the primary a secondary may be and still be read. */
    READ_MAX_LAG: duration('5s'),
    /** How long a read waits for a secondary to have what its client wrote. */
    READ_WAIT: duration('200ms'),
    AMQP_URL: amqpUrl(),
    /** How sagas reach the payment service. */
    PAYMENT_CHANNEL: oneOf(['events', 'activity'], 'events'),
    /** Beside the original payment service, which charges every ask, this must be 1. */
    PAYMENT_ASKS: integer(3, 1, 100),
    PAYMENT_TIMEOUT: duration('30s'),
    /** `off` delivers every payment answer by signal, even one that arrives while `requestPayment` could return it. */
    PAYMENT_FAST_PATH: oneOf(['on', 'off'], 'on'),
    /** Orders that may wait to be settled; more are refused until some are. */
    MAX_UNSETTLED: integer(2_000, 1, 1_000_000),
    /** How often orders are looked for whose saga is missing. */
    SWEEP_INTERVAL: duration('5s'),
    /** How long an order may be `placed` before it is looked at, and between two looks. */
    SWEEP_AFTER: duration('30s'),
  })
  .superRefine(({ AMQP_URL, PAYMENT_CHANNEL }, context) => {
    if (AMQP_URL === null && PAYMENT_CHANNEL === 'events') {
      context.addIssue({
        code: 'custom',
        path: ['PAYMENT_CHANNEL'],
        message: 'needs a broker where it is events, and AMQP_URL is none: set it to activity',
      });
    }
  });

export type Config = z.output<typeof settings>;

/** The service's settings. @throws ConfigError with every problem of the environment */
export const readConfig = (env?: NodeJS.ProcessEnv): Config => readEnvironment(settings, env);
