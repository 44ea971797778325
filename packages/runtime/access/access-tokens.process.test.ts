import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import { pino } from 'pino';
import { IdentityProvider, secondsFromNow } from '../../../test/identity-provider';
import { faultOf } from '../fault';
import { AccessTokens } from './access-tokens';

let provider: IdentityProvider;
let tokens: AccessTokens;
let errorsLogged: string[];

beforeEach(async () => {
  provider = await IdentityProvider.start();
  const { AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = provider.settings;
  errorsLogged = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void errorsLogged.push(line) });
  tokens = new AccessTokens({ jwksUrl, issuer, audience, log });
});
afterEach(() => provider.stop());

const CUSTOMER = 'CF68CB9A-104D-4E27-928E-0EC1E471F5CE';
const refused = (code: string, detail: RegExp) => ({ code, message: expect.stringMatching(detail) });

test('identifies an operator and a customer, whose id is in lower case', async () => {
  await expect(tokens.identify(await provider.token({ sub: 'ann' }))).resolves.toEqual({
    actor: 'jwt:ann',
    role: 'operator',
    customerId: null,
  });
  const customer = await provider.token({ sub: 'joe', role: 'customer', customer_id: CUSTOMER });
  await expect(tokens.identify(customer)).resolves.toEqual({
    actor: 'jwt:joe',
    role: 'customer',
    customerId: CUSTOMER.toLowerCase(),
  });
});

test.each(['RS256', 'ES256', 'EdDSA'])('accepts a signature with %s', async (alg) => {
  await provider.rotate(alg);
  await expect(tokens.identify(await provider.token())).resolves.toMatchObject({ role: 'operator' });
});

test.each(['ES384', 'PS256'])('refuses a signature with %s, even of a published key', async (alg) => {
  await provider.rotate(alg);
  await expect(tokens.identify(await provider.token())).rejects.toMatchObject(refused('unauthenticated', /alg/));
});

test('refuses a token without a signature, and one that is signed with a shared secret', async () => {
  const claims = {
    iss: provider.settings.AUTH_ISSUER,
    aud: 'shop',
    sub: 'eve',
    role: 'operator',
    exp: secondsFromNow(60),
  };
  const unsigned = new UnsecuredJWT(claims).encode();
  const shared = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32, 'x'));
  for (const token of [unsigned, shared, 'no-token', 'a.b.c']) {
    await expect(tokens.identify(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  }
});

test('refuses a token that another key has signed under the published id', async () => {
  const kid = 'the-key';
  await provider.rotate('EdDSA', kid);
  const { privateKey } = generateKeyPairSync('ed25519');
  const { AUTH_ISSUER: iss, AUTH_AUDIENCE: aud } = provider.settings;
  const forged = new SignJWT({ iss, aud, sub: 'eve', role: 'operator', exp: secondsFromNow(60) });
  const token = await forged.setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey);
  await expect(tokens.identify(token)).rejects.toMatchObject(refused('unauthenticated', /signature/));
});

describe('the claims of a token', () => {
  test.each([
    ['iss', () => ({ iss: 'https://other.example.com' }), /iss/],
    ['aud', () => ({ aud: 'other' }), /aud/],
    ['exp, 31 seconds ago', () => ({ exp: secondsFromNow(-31) }), /expired/],
    ['exp, which is missing', () => ({ exp: undefined }), /exp/],
    ['nbf, in 60 seconds', () => ({ nbf: secondsFromNow(60) }), /nbf/],
    ['sub, which is missing', () => ({ sub: undefined }), /sub/],
    ['sub, with a control character', () => ({ sub: 'eve\n' }), /sub/],
  ])('a wrong %s is refused', async (_name, claims, detail) => {
    const token = await provider.token(claims());
    await expect(tokens.identify(token)).rejects.toMatchObject(refused('unauthenticated', detail));
  });

  test('the clocks may differ by up to 30 seconds', async () => {
    const token = await provider.token({ exp: secondsFromNow(-25), nbf: secondsFromNow(25) });
    await expect(tokens.identify(token)).resolves.toMatchObject({ role: 'operator' });
  });

  test.each([
    [{ role: undefined }, /role/],
    [{ role: 'root' }, /role/],
    [{ role: ['operator'] }, /role/],
    [{ role: 'customer' }, /customer_id/],
    [{ role: 'customer', customer_id: 'all' }, /customer_id/],
  ])('%j grants nothing', async (claims, detail) => {
    await expect(tokens.identify(await provider.token(claims))).rejects.toMatchObject(refused('forbidden', detail));
  });
});

describe('the keys of the identity provider', () => {
  test('are fetched once for many tokens', async () => {
    const token = await provider.token();
    await Promise.all(Array.from({ length: 20 }, () => tokens.identify(token)));
    expect(provider.fetched).toBe(1);
  });

  test('are not fetched again for each token with an unknown key', async () => {
    await tokens.identify(await provider.token());
    await provider.rotate();
    const unknown = await provider.token();
    for (let attempts = 0; attempts < 5; attempts++) {
      await expect(tokens.identify(unknown)).rejects.toMatchObject(refused('unauthenticated', /no applicable key/));
    }
    expect(provider.fetched).toBe(1);
  });

  test('are fetched again for an unknown key after the cool-down', async () => {
    await tokens.identify(await provider.token());
    await provider.rotate();
    await withClockAhead(31_000, async () => {
      const token = await provider.token();
      await expect(tokens.identify(token)).resolves.toMatchObject({ role: 'operator' });
    });
    expect(provider.fetched).toBe(2);
  });

  test.each([500, 404, 302])('are an outage if they are answered with %i, and never a 401', async (status) => {
    provider.status = status;
    const failed = await tokens.identify(await provider.token()).catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: 'IdentityProviderUnavailableError' });
    expect(faultOf(failed)).toBe('unavailable');
    provider.status = 200;
    await expect(tokens.identify(await provider.token())).resolves.toMatchObject({ role: 'operator' });
  });

  test('are an outage if nothing listens at the URL', async () => {
    const token = await provider.token();
    await provider.stop();
    expect(faultOf(await tokens.identify(token).catch((error: unknown) => error))).toBe('unavailable');
    provider = await IdentityProvider.start();
  });
});

const weak = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;

describe('a key that cannot be used', () => {
  test.each([
    ['an RSA key of 1024 bits', async () => ({ ...(await exportJWK(weak())), alg: 'RS256' })],
    ['a point that is not on the curve', () => ({ kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', alg: 'ES256' })],
    ['a modulus that is missing', () => ({ kty: 'RSA', e: 'AQAB', alg: 'RS256' })],
    ['a key of the wrong length', () => ({ kty: 'OKP', crv: 'Ed25519', x: 'AAAA', alg: 'EdDSA' })],
  ])('is not an outage: its tokens are refused, and the operator is told: %s', async (_what, key) => {
    const token = provider.publish(await key());
    await expect(tokens.identify(token)).rejects.toMatchObject(refused('unauthenticated', /key/));
    expect(errorsLogged.join('')).toContain('a key of the identity provider cannot be used');
  });
});

async function withClockAhead(ms: number, act: () => Promise<void>): Promise<void> {
  const now = Date.now;
  Date.now = () => now() + ms;
  try {
    await act();
  } finally {
    Date.now = now;
  }
}
