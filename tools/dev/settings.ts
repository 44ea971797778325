import { join } from 'node:path';
import { readConfig as readOrderConfig } from '@shop/order-management/config';
import { readConfig as readPaymentConfig } from '@shop/payment-processing/config';
import { needsCredential } from '@shop/runtime/access/authenticate';
import { ConfigError, port, readEnvironment, readSecretFiles } from '@shop/runtime/environment';
import { PayloadEncryption } from '@shop/runtime/payload-encryption';
import { configuredAddress } from '@shop/runtime/temporal-profile';
import { securityOf, type TemporalSecurity } from '@shop/runtime/temporal-security';
import { readTlsFiles, type TlsFiles } from '@shop/runtime/tls-files';
import { z } from 'zod';
import { CHECKOUT } from './data-folder';
import { installSetting } from './debian-package';

const ownSettings = z.object({
  /** Ports of servers that no URL configures: a running server is used, otherwise one is started there. */
  POSTGRES_PORT: port(5432),
  AMQP_PORT: port(5672),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  /** The port of the codec server, if payloads are encrypted. */
  CODEC_PORT: port(8234),
  ORDER_PORT: port(8001),
  PAYMENT_PORT: port(8002),
  /** The program that starts missing servers in containers, such as `docker`; `none` disables containers. */
  CONTAINER_ENGINE: z.string().default('docker'),
  /** The folder with the data and logs of the servers that are started. */
  DATA_FOLDER: z.string().default(join(CHECKOUT, '.data')),
  ...installSetting,
});

/** The settings of `make run`; null if a variable is not set. */
export interface Settings extends z.output<typeof ownSettings> {
  databaseUrl: string | null;
  paymentsDatabaseUrl: string | null;
  amqpUrl: string | null;
  temporalAddress: string | null;
  temporalSecurity: TemporalSecurity;
  /** Encrypts and decrypts the payloads of Temporal. */
  codec: PayloadEncryption;
  brokerTls: TlsFiles;
  namespace: string;
  /** Whether the services refuse requests without a credential. */
  needsCredential: boolean;
}

const SECRETS = [
  'DATABASE_URL',
  'PAYMENTS_DATABASE_URL',
  'DATABASE_READ_URLS',
  'AMQP_URL',
  'TEMPORAL_API_KEY',
  'PAYLOAD_KEYS',
];

/**
 * Reads the settings of `make run`, and validates those that it passes on to the services.
 *
 * @throws {ConfigError} with every invalid setting
 */
export function readSettings(variables: NodeJS.ProcessEnv = process.env): Settings {
  const { values: env, problems: unreadable } = readSecretFiles(SECRETS, variables);
  const paymentsDatabaseUrl = env['PAYMENTS_DATABASE_URL'] || null;
  const paymentEnv = { ...env, ...(paymentsDatabaseUrl ? { DATABASE_URL: paymentsDatabaseUrl } : {}) };
  const orderEnv = { ...env, ...(env['AMQP_URL'] === 'none' ? { PAYMENT_CHANNEL: 'activity' } : {}) };

  const problems = new Set<string>(unreadable);
  const reading = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.message.split('\n')) problems.add(problem);
      return undefined;
    }
  };
  const own = reading(() => readEnvironment(ownSettings, env));
  const orders = reading(() => readOrderConfig(orderEnv));
  reading(() => readPaymentConfig(paymentEnv));
  if (!own || !orders || problems.size > 0) throw new ConfigError([...problems].join('\n'));

  return {
    ...own,
    databaseUrl: env['DATABASE_URL'] || null,
    paymentsDatabaseUrl,
    amqpUrl: env['AMQP_URL'] || null,
    temporalAddress: configuredAddress(env) ?? null,
    temporalSecurity: securityOf(orders, env),
    codec: new PayloadEncryption(orders.PAYLOAD_KEYS),
    brokerTls: readTlsFiles('AMQP_TLS', orders),
    namespace: orders.TEMPORAL_NAMESPACE,
    needsCredential: needsCredential(orders),
  };
}
