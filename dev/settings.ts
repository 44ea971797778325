import { readConfig as readOrderConfig } from '@shop/order-management/config';
import { readConfig as readPaymentConfig } from '@shop/payment-processing/config';
import { port, readEnvironment } from '@shop/service/environment';
import { z } from 'zod';

const ports = z.object({
  /** Where servers are looked for that no URL names, and started where there are none. */
  POSTGRES_PORT: port(5432),
  AMQP_PORT: port(5672),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  ORDER_PORT: port(8001),
  PAYMENT_PORT: port(8002),
});

/** What `make run` is told by the environment; null where it says nothing. */
export interface Settings extends z.output<typeof ports> {
  databaseUrl: string | null;
  paymentsDatabaseUrl: string | null;
  amqpUrl: string | null;
  temporalAddress: string | null;
  namespace: string;
}

/**
 * Reads what `make run` is told by the environment, and what it will pass on to the services.
 *
 * @throws ConfigError with every problem, before anything is started
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const paymentsDatabaseUrl = env['PAYMENTS_DATABASE_URL'] || null;
  readPaymentConfig({ ...env, ...(paymentsDatabaseUrl ? { DATABASE_URL: paymentsDatabaseUrl } : {}) });
  const channel = env['AMQP_URL'] === 'none' ? { PAYMENT_CHANNEL: 'activity' } : {};
  const { TEMPORAL_NAMESPACE: namespace } = readOrderConfig({ ...env, ...channel });
  return {
    ...readEnvironment(ports, env),
    databaseUrl: env['DATABASE_URL'] || null,
    paymentsDatabaseUrl,
    amqpUrl: env['AMQP_URL'] || null,
    temporalAddress: env['TEMPORAL_ADDRESS'] || null,
    namespace,
  };
}
