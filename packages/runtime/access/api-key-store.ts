import { randomUUID } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import type { ApiKey } from './api-key';
import { hashSecret } from './api-key';
import type { Role } from './role';

/** A client of any database that has the table `api_keys`: both services have one. */
export type ApiKeyDatabase = Pick<OrdersClient, '$queryRaw'>;

export interface NewApiKey {
  /** Names the owner, for people. */
  name: string;
  role: Role;
  /** The customer of a key with the role `customer`; otherwise null. */
  customerId: string | null;
  /** Null if the key does not expire. */
  expiresAt: Date | null;
}

/** A key as the database stores it. */
export interface StoredApiKey extends NewApiKey {
  prefix: string;
  secretHash: string;
  createdAt: Date;
  revokedAt: Date | null;
}

/** Stores a key. The secret itself is not stored. */
export async function insertApiKey(
  database: ApiKeyDatabase,
  { prefix, secret }: ApiKey,
  { name, role, customerId, expiresAt }: NewApiKey,
): Promise<void> {
  await database.$queryRaw`
    INSERT INTO api_keys (key_id, name, prefix, secret_sha256, role, customer_id, expires_at)
    VALUES (${randomUUID()}::uuid, ${name}, ${prefix}, ${hashSecret(secret)}, ${role}, ${customerId}::uuid,
      ${expiresAt}::timestamptz)
    RETURNING key_id`;
}

/** Finds a key by its prefix; null if it does not exist. */
export async function findApiKey(database: ApiKeyDatabase, prefix: string): Promise<StoredApiKey | null> {
  const [found] = await database.$queryRaw<StoredApiKey[]>`
    SELECT name, prefix, secret_sha256 AS "secretHash", role, customer_id AS "customerId", created_at AS "createdAt",
      expires_at AS "expiresAt", revoked_at AS "revokedAt"
    FROM api_keys WHERE prefix = ${prefix}`;
  return found ?? null;
}

/** Lists all keys, the oldest first. */
export const listApiKeys = (database: ApiKeyDatabase): Promise<StoredApiKey[]> =>
  database.$queryRaw<StoredApiKey[]>`
    SELECT name, prefix, secret_sha256 AS "secretHash", role, customer_id AS "customerId", created_at AS "createdAt",
      expires_at AS "expiresAt", revoked_at AS "revokedAt"
    FROM api_keys ORDER BY created_at, prefix`;

/** Revokes a key. Revoking it again changes nothing. @returns whether the key exists */
export async function revokeApiKey(database: ApiKeyDatabase, prefix: string): Promise<boolean> {
  const revoked = await database.$queryRaw<object[]>`
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE prefix = ${prefix} RETURNING prefix`;
  return revoked.length > 0;
}
