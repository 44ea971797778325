import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

const ISSUER = 'https://login.example.com';
const AUDIENCE = 'shop';

/** An identity provider: it publishes its keys over HTTP, and signs tokens. */
export class IdentityProvider {
  /** How many times its keys were fetched. */
  fetched = 0;
  /** The status with which it answers; with another one than 200, it is unavailable. */
  status = 200;
  private published: JWK[] = [];
  private signing: { key: PrivateKey; kid: string; alg: string } | null = null;
  private readonly server = createServer((_request, response) => {
    this.fetched++;
    response.writeHead(this.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ keys: this.published }));
  });

  static async start(): Promise<IdentityProvider> {
    const provider = new IdentityProvider();
    await new Promise<void>((resolve) => provider.server.listen(0, '127.0.0.1', resolve));
    await provider.rotate();
    return provider;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The settings of a service that accepts its tokens. */
  get settings() {
    const { port } = this.server.address() as AddressInfo;
    return { AUTH_JWKS_URL: `http://127.0.0.1:${port}/jwks`, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
  }

  /** Replaces its key by a new one. */
  async rotate(alg = 'ES256', kid = `key-${Math.random()}`): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg);
    this.published = [{ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }];
    this.signing = { key: privateKey, kid, alg };
  }

  /** Publishes a key whose private half is not known. @returns a token that names it */
  publish(key: JWK): string {
    const kid = `key-${Math.random()}`;
    this.published = [{ ...key, kid }];
    const header = Buffer.from(JSON.stringify({ alg: key.alg, kid })).toString('base64url');
    return `${header}.${Buffer.from('{}').toString('base64url')}.${Buffer.alloc(64).toString('base64url')}`;
  }

  /** Signs a token. Claims that are not given have valid values. */
  token(claims: Record<string, unknown> = {}): Promise<string> {
    const { key, kid, alg } = this.signing!;
    return new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'ann', role: 'operator', exp: secondsFromNow(60), ...claims })
      .setProtectedHeader({ alg, kid })
      .sign(key);
  }
}

/** A time in the format of a token. */
export const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;
