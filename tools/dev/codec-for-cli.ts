import { randomBytes } from 'node:crypto';
import { ANONYMOUS } from '@shop/runtime/access/caller';
import { invalidCredential } from '@shop/runtime/access/unauthenticated';
import { createCodecServer } from '@shop/runtime/codec-server';
import { serveHttp } from '@shop/runtime/http-server';
import { createLog } from '@shop/runtime/log';
import { PayloadEncryption } from '@shop/runtime/payload-encryption';
import type { PayloadKey } from '@shop/runtime/payload-keys';

/**
 * Serves a codec for Temporal's CLI while it runs, so that it prints decrypted payloads. Only the CLI has the credential.
 *
 * @param keys without any, there is no codec
 * @param use receives the variables with which the CLI uses the codec
 */
export async function withCodec<T>(
  keys: readonly PayloadKey[] | undefined,
  use: (variables: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  if (keys === undefined) return use({});
  const credential = `Bearer ${randomBytes(32).toString('base64url')}`;
  const app = createCodecServer({
    encryption: new PayloadEncryption(keys),
    log: createLog('codec', 'silent'),
    authenticate: async ({ headers }) => {
      if (headers.authorization !== credential) throw invalidCredential('Only the command itself may use its codec.');
      return ANONYMOUS;
    },
    origins: [],
  });
  const server = await serveHttp(app, 0, { address: '127.0.0.1' });
  try {
    return await use({
      TEMPORAL_CODEC_ENDPOINT: `http://127.0.0.1:${server.port}`,
      TEMPORAL_CODEC_AUTH: credential,
    });
  } finally {
    await server.stop();
  }
}
