import { connectionOf } from '@shop/prisma/connection';
import { checkAuthentication } from '@shop/runtime/access/auth-settings';
import {
  checkListenAddress,
  commonSettings,
  duration,
  httpUrl,
  integer,
  isOrigin,
  managementPort,
  oneOf,
  port,
  postgresUrl,
  postgresUrls,
  readEnvironment,
} from '@shop/runtime/environment';
import { isLoopback } from '@shop/runtime/loopback';
import { checkKeyPairs } from '@shop/runtime/tls-files';
import { MAX_ANSWER_TIMEOUT_MS, MAX_PAYMENT_REQUESTS } from '@shop/workflows/contract';
import { z } from 'zod';

const settings = z
  .object({
    ...commonSettings,
    PORT: port(8001),
    /** The port of `/metrics` and the health checks. */
    MANAGEMENT_PORT: managementPort(9001),
    DATABASE_URL: postgresUrl('postgresql://postgres:postgres@localhost:5432/Ecommerce', connectionOf),
    /** The secondaries of that database, in order of preference. */
    DATABASE_READ_URLS: postgresUrls(connectionOf),
    /** Reads avoid a secondary that is further behind the primary. */
    READ_MAX_LAG: duration('5s'),
    /** How long a read waits until a secondary has replayed the client's last write. */
    READ_WAIT: duration('200ms'),
    /** The address of Temporal's Web UI, for the links of orders to their sagas. */
    TEMPORAL_UI_URL: httpUrl('http://localhost:8233').default('http://localhost:8233'),
    /** The origin at which browsers reach payment-processing, for the console; `same` if it is the origin of this service. */
    PAYMENT_API_ORIGIN: z
      .string()
      .refine((text) => text === 'same' || isOrigin(text), {
        error: 'is neither an origin nor same. Use, for example, http://localhost:8002.',
      })
      .optional(),
    /** The address of Jaeger, for the links of sagas to their traces. */
    TRACE_UI_URL: z.optional(httpUrl('http://localhost:16686')),
    /** How sagas reach the payment service. */
    PAYMENT_CHANNEL: oneOf(['events', 'activity'], 'events'),
    /** Payment requests per order before it is cancelled. The original payment service charges each, so use 1 with it. */
    PAYMENT_ASKS: integer(3, 1, MAX_PAYMENT_REQUESTS),
    /** How long the saga waits for the answer to one payment request. */
    PAYMENT_TIMEOUT: duration('30s').refine((ms) => ms <= MAX_ANSWER_TIMEOUT_MS, { error: 'must be at most 8760h.' }),
    /** `off` delivers every payment answer by signal, even one that arrives while `requestPayment` could return it. */
    PAYMENT_FAST_PATH: oneOf(['on', 'off'], 'on'),
    /** What happens to orders that the original left `placed`: `hold` waits for the operator, `ask` requests their payment. */
    ADOPT: oneOf(['hold', 'ask'], 'hold'),
    /** How many orders may be unsettled; further orders are rejected. */
    MAX_UNSETTLED: integer(2_000, 1, 1_000_000),
    /** The pause between two sweeps for orders whose saga is missing. */
    SWEEP_INTERVAL: duration('5s'),
    /** The age at which the sweeper first examines an order that is still `placed`, and the pause before the next time. */
    SWEEP_AFTER: duration('30s'),
  })
  .superRefine(checkKeyPairs)
  .superRefine(checkListenAddress)
  .superRefine(checkAuthentication)
  .superRefine(({ AMQP_URL, PAYMENT_CHANNEL }, context) => {
    if (AMQP_URL === null && PAYMENT_CHANNEL === 'events') {
      context.addIssue({
        code: 'custom',
        path: ['PAYMENT_CHANNEL'],
        message: 'needs a broker, but AMQP_URL is none. Use activity to run without a broker.',
      });
    }
  });

export interface Config extends z.output<typeof settings> {
  PAYMENT_API_ORIGIN: string;
}

/**
 * Reads the service's settings. A browser sends its credential to `PAYMENT_API_ORIGIN`. The default therefore names the
 * machine of the reader only if no other machine reaches the service.
 *
 * @throws {ConfigError} if any is invalid
 */
export function readConfig(env?: NodeJS.ProcessEnv): Config {
  const config = readEnvironment(settings, env);
  const defaultOrigin = isLoopback(config.LISTEN_ADDRESS) ? 'http://localhost:8002' : 'same';
  return { ...config, PAYMENT_API_ORIGIN: config.PAYMENT_API_ORIGIN ?? defaultOrigin };
}
