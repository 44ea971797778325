import { parseArgs } from 'node:util';
import { connectOrders } from '@shop/prisma/clients';
import { connectionOf } from '@shop/prisma/connection';
import { sqlStateOf } from '@shop/prisma/errors';
import { z } from 'zod';
import { postgresUrl, readEnvironment, readOrExit } from '../environment';
import { uuid } from '../uuid-schemas';
import { createApiKey, formatApiKey } from './api-key';
import {
  insertApiKey,
  listApiKeys,
  revokeApiKey,
  type ApiKeyDatabase,
  type NewApiKey,
  type StoredApiKey,
} from './api-key-store';
import { ROLES } from './role';

/** The command `make api-keys`: an operator creates, lists and revokes the API keys of a service. */
const USAGE = `make api-keys ARGS="create --name <name> --role ${ROLES.join('|')} [--customer <id>] [--expires 90d]"
make api-keys ARGS="list"
make api-keys ARGS="revoke <prefix>"

DATABASE_URL selects the service: each has keys of its own, in its own database.`;

const schema = z.object({
  DATABASE_URL: postgresUrl('postgresql://postgres:postgres@localhost:5432/Ecommerce', connectionOf),
});

class UsageError extends Error {}

const DAY_MS = 24 * 60 * 60 * 1_000;
const expiry = z
  .string()
  .regex(/^[1-9]\d{0,3}d$/)
  .transform((text) => new Date(Date.now() + Number(text.slice(0, -1)) * DAY_MS));

/** Reads what `create` creates. @throws {UsageError} if an option is missing or wrong */
function readNewKey(options: { [option in 'name' | 'role' | 'customer' | 'expires']?: string }): NewApiKey {
  const name = options.name?.trim();
  if (!name) throw new UsageError('--name is missing: it names the owner of the key in the list.');
  const role = z.enum(ROLES).safeParse(options.role);
  if (!role.success) throw new UsageError(`--role must be one of ${ROLES.join(', ')}.`);
  const customerId = uuid.nullable().safeParse(options.customer ?? null);
  if (!customerId.success) throw new UsageError('--customer must be the id of a customer, a UUID.');
  if ((role.data === 'customer') !== (customerId.data !== null)) {
    throw new UsageError('A key with the role customer needs --customer, and another one must not have it.');
  }
  const expiresAt = expiry.nullable().safeParse(options.expires ?? null);
  if (!expiresAt.success) throw new UsageError('--expires must be a number of days, such as 90d.');
  return { name, role: role.data, customerId: customerId.data, expiresAt: expiresAt.data };
}

/** @throws {UsageError} if an option is unknown or has no value */
function parse(args: string[]) {
  const option = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { name: option, role: option, customer: option, expires: option },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function run(database: ApiKeyDatabase, args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [action = '', prefix, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`Unexpected: ${more.join(' ')}.`);
  if (action === 'create' && prefix === undefined) return create(database, readNewKey(values));
  if (action === 'list' && prefix === undefined) return list(await listApiKeys(database));
  if (action === 'revoke' && prefix !== undefined) return revoke(database, prefix);
  throw new UsageError(action === '' ? '' : `Not understood: ${positionals.join(' ')}.`);
}

async function create(database: ApiKeyDatabase, newKey: NewApiKey): Promise<void> {
  const key = createApiKey();
  await insertApiKey(database, key, newKey);
  print(formatApiKey(key));
  process.stderr.write('Store the key now: it is not shown again.\n');
}

function list(keys: StoredApiKey[]): void {
  for (const key of keys) {
    const owner = key.customerId === null ? key.role : `${key.role} ${key.customerId}`;
    print(`${key.prefix}  ${stateOf(key).padEnd(8)}  ${owner}  ${key.name}`);
    print(`          created ${key.createdAt.toISOString()}, ${endOf(key)}`);
  }
  print(`${keys.length} ${keys.length === 1 ? 'key' : 'keys'}`);
}

async function revoke(database: ApiKeyDatabase, prefix: string): Promise<void> {
  if (!(await revokeApiKey(database, prefix))) throw new Error(`No key has the prefix ${prefix}.`);
  print(`${prefix} is revoked.`);
}

const isExpired = ({ expiresAt }: StoredApiKey): boolean => expiresAt !== null && expiresAt.getTime() <= Date.now();

const stateOf = (key: StoredApiKey): string => (key.revokedAt ? 'revoked' : isExpired(key) ? 'expired' : 'active');

function endOf({ revokedAt, expiresAt }: StoredApiKey): string {
  if (revokedAt) return `revoked ${revokedAt.toISOString()}`;
  return expiresAt ? `expires ${expiresAt.toISOString()}` : 'does not expire';
}

/** Prints a line. A name may contain control characters, with which it could act on the terminal. */
const print = (line: string): void => void process.stdout.write(`${line.replaceAll(/\p{Cc}/gu, '?')}\n`);

const UNDEFINED_TABLE = '42P01';

const explain = (error: unknown): string => {
  if (sqlStateOf(error) === UNDEFINED_TABLE)
    return 'The database has no table of API keys. Start the service once: it creates the table.';
  return error instanceof Error ? error.message : String(error);
};

async function main(): Promise<void> {
  const { DATABASE_URL } = readOrExit(() => readEnvironment(schema));
  const database = connectOrders(DATABASE_URL, { poolSize: 1 });
  try {
    await run(database, process.argv.slice(2));
  } catch (error) {
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${isUsage ? `${error.message}\n\n${USAGE}`.trimStart() : explain(error)}\n`);
    process.exitCode = isUsage ? 2 : 1;
  } finally {
    await database.$disconnect();
  }
}

void main();
