import type { Client } from 'pg';
import type { Connection } from './connection';
import { DatabaseSetupError } from './errors';
import { NEEDS_PARAMETER } from './session';

/** Opens a single connection. @throws {DatabaseSetupError} if the server does not accept the settings of a session */
export async function connect({ Client: ClientOfConnection, ...config }: Connection): Promise<Client> {
  const client = new ClientOfConnection(config);
  client.on('error', () => undefined); // a connection that breaks between two queries fails the next one
  try {
    await client.connect();
  } catch (error) {
    if (!String(error).includes('unsupported startup parameter')) throw error;
    throw new DatabaseSetupError(NEEDS_PARAMETER);
  }
  return client;
}
