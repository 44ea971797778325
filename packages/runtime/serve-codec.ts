import { connectOrders } from '@shop/prisma/clients';
import { connectionOf } from '@shop/prisma/connection';
import { z } from 'zod';
import { findApiKey } from './access/api-key-store';
import { checkAuthentication } from './access/auth-settings';
import { createAuthenticate } from './access/authenticate';
import { createCodecServer } from './codec-server';
import {
  checkListenAddress,
  httpSettings,
  httpUrl,
  port,
  postgresUrl,
  readEnvironment,
  readOrExit,
} from './environment';
import { serveHttp } from './http-server';
import { runUntilSignal } from './lifecycle';
import { createLog } from './log';
import { PayloadEncryption } from './payload-encryption';
import { payloadKeys } from './payload-keys';

/** The command `make codec-server`: shows encrypted payloads in Temporal's Web UI and CLI. */
const schema = z
  .object({
    ...httpSettings,
    CODEC_PORT: port(8234),
    PAYLOAD_KEYS: payloadKeys().nonoptional({ error: 'Set it to the keys of the services, or set PAYLOAD_KEYS_FILE.' }),
    /** Its origin may use the server if `CORS_ORIGINS` is not set. */
    TEMPORAL_UI_URL: httpUrl('http://localhost:8233'),
    /** The database with the API keys. */
    DATABASE_URL: postgresUrl('postgresql://postgres:postgres@localhost:5432/Ecommerce', connectionOf),
  })
  .superRefine(checkListenAddress)
  .superRefine(checkAuthentication);

const config = readOrExit(() => readEnvironment(schema));
const log = createLog('codec-server', config.LOG_LEVEL);

void runUntilSignal({ log, drainMs: 0 }, async (groups) => {
  const database = connectOrders(config.DATABASE_URL, { poolSize: 2 }); // connects when the first API key is checked
  const app = createCodecServer({
    encryption: new PayloadEncryption(config.PAYLOAD_KEYS),
    log,
    authenticate: createAuthenticate(config, (prefix) => findApiKey(database, prefix), log),
    origins: config.CORS_ORIGINS.length > 0 ? config.CORS_ORIGINS : [new URL(config.TEMPORAL_UI_URL).origin],
    hosts: config.ALLOWED_HOSTS,
  });
  const server = await serveHttp(app, config.CODEC_PORT, { address: config.LISTEN_ADDRESS });
  log.info({ address: config.LISTEN_ADDRESS, port: server.port }, 'serving the codec');
  groups.push([{ name: 'database', stop: () => database.$disconnect() }], [server]);
});
