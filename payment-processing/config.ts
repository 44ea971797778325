import { connectionOf } from '@shop/prisma/connection';
import { checkAuthentication } from '@shop/runtime/access/auth-settings';
import {
  checkListenAddress,
  commonSettings,
  managementPort,
  port,
  postgresUrl,
  readEnvironment,
} from '@shop/runtime/environment';
import { checkKeyPairs } from '@shop/runtime/tls-files';
import { z } from 'zod';

const settings = z
  .object({
    ...commonSettings,
    PORT: port(8002),
    /** The port of `/metrics` and the health checks. */
    MANAGEMENT_PORT: managementPort(9002),
    DATABASE_URL: postgresUrl('postgresql://postgres:postgres@localhost:5432/Ecommerce?schema=payments', connectionOf),
  })
  .superRefine(checkKeyPairs)
  .superRefine(checkListenAddress)
  .superRefine(checkAuthentication);

export type Config = z.output<typeof settings>;

/** Reads the service's settings. @throws {ConfigError} if any is invalid */
export const readConfig = (env?: NodeJS.ProcessEnv): Config => readEnvironment(settings, env);
