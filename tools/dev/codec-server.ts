import type { Starter } from './servers';

/**
 * Starts the codec server for the Web UI of the development server. It needs no credential, because that Web UI has none: it
 * listens on loopback, and only the page of the Web UI may use it.
 */
export async function startCodecServer(
  { port, uiUrl }: { port: number; uiUrl: string },
  servers: Starter,
): Promise<void> {
  const open = { AUTH: 'none', AUTH_JWKS_URL: '', AUTH_ISSUER: '', AUTH_AUDIENCE: '' };
  const local = { LISTEN_ADDRESS: 'localhost', ALLOWED_HOSTS: '', CORS_ORIGINS: '' };
  await servers.start({
    name: 'codec-server',
    program: process.execPath,
    args: [require.resolve('@shop/runtime/serve-codec')],
    env: { ...process.env, ...open, ...local, CODEC_PORT: String(port), TEMPORAL_UI_URL: uiUrl },
    isReady: async () => (await fetch(`http://localhost:${port}/decode`, { method: 'POST', body: '{}' })).ok,
  });
}
