import { checkSchema } from '@shop/prisma/check-schema';
import { migrate } from '@shop/prisma/migrate';
import type { History } from '@shop/prisma/missing-migrations';
import type { CommonConfig } from './environment';
import { whenAvailable } from './lifecycle';
import type { Logger } from './log';

export interface SchemaOptions {
  url: string;
  history: History;
  mode: CommonConfig['MIGRATE'];
  log: Logger;
}

/**
 * Brings the tables of a service up to date, or waits until another process has done so if `mode` is `off`. Waits for
 * PostgreSQL if it is unavailable.
 *
 * @throws {DatabaseSetupError} if an operator must change the database or the path to it
 */
export const prepareSchema = ({ url, history, mode, log }: SchemaOptions): Promise<void> =>
  whenAvailable('PostgreSQL', {
    log,
    attempt: async () => {
      if (mode === 'off') return checkSchema(url, history);
      const applied = await migrate(url, history, log);
      if (applied.length > 0) log.info({ applied }, 'migrations applied');
    },
  });
