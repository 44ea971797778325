import { amqpUrl, commonSettings, port, postgresUrl, readEnvironment } from '@shop/runtime/environment';
import { z } from 'zod';

const settings = z.object({
  ...commonSettings,
  PORT: port(8002),
  DATABASE_URL: postgresUrl('postgresql://postgres:postgres@localhost:5432/Ecommerce?schema=payments'),
  AMQP_URL: amqpUrl(),
});

export type Config = z.output<typeof settings>;

/** The service's settings. @throws ConfigError with every problem of the environment */
export const readConfig = (env?: NodeJS.ProcessEnv): Config => readEnvironment(settings, env);
