import { connect } from './connect';
import { connectionOf } from './connection';
import { SchemaOutdatedError } from './errors';
import { missingMigrations, type History } from './missing-migrations';
import { checkSession } from './session';

/**
 * Checks that a database has the migrations that this version needs. Changes nothing, so that a role without rights on the
 * schema can call it: it reads only `_prisma_migrations`. Migrations of a newer version do not matter.
 *
 * @throws {SchemaOutdatedError} if migrations are missing
 * @throws {DatabaseSetupError} if an applied migration has changed since, or sessions are not set up as required
 */
export async function checkSchema(url: string, history: History): Promise<void> {
  const connection = connectionOf(url, `${history} migration`);
  const client = await connect(connection);
  try {
    const missing = await missingMigrations(client, connection.schema, history);
    if (missing.length > 0) {
      throw new SchemaOutdatedError(
        `The schema ${connection.schema} lacks the ${history} migrations ${missing.map(({ name }) => name).join(', ')}. ` +
          'Run this version with MIGRATE=only as the role that owns the tables.',
      );
    }
    await checkSession(client, connection);
  } finally {
    await client.end();
  }
}
