import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { authMethods, jwksUrl, type AuthMethod } from './access/auth-settings';
import { isLoopback } from './loopback';
import { payloadKeys } from './payload-keys';
import { withTemporalProfile } from './temporal-profile';
import { certificate, certificateFile, key, keyFile } from './tls-files';
import { tracingSettings } from './tracing/tracing-settings';

/** At least one setting is invalid. The message has one line per problem. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Settings whose values are not printed: URLs contain passwords, and some set a key itself instead of its path. */
const SECRET = /_(URLS?|ENDPOINT|KEYS?|KEY_PATH|DATA|GRPC_META|PASSWORD|SECRET|TOKEN)$/;

/** Settings that may contain a secret, except paths of key files and the URL of the Web UI. */
const MAY_BE_IN_A_FILE = /(?<!_UI)_(URLS?|API_KEY|KEYS|PASSWORD|SECRET|TOKEN)$/;

/**
 * Reads settings from environment variables. An empty variable counts as unset. A setting that may contain a secret can be
 * in a file, whose path is in the variable `<name>_FILE`. Settings of the connection to Temporal can be in a profile of
 * `temporal.toml`.
 *
 * @throws {ConfigError} if any setting is invalid; the message repeats no value that may contain a secret
 */
export function readEnvironment<S extends z.ZodObject>(schema: S, env: NodeJS.ProcessEnv = process.env): z.output<S> {
  const { values, problems } = readSecretFiles(Object.keys(schema.shape), env);
  const temporal = 'TEMPORAL_ADDRESS' in schema.shape ? withTemporalProfile(values) : null;
  if (temporal) problems.push(...temporal.problems);
  const given = Object.fromEntries(Object.entries(temporal?.values ?? values).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (result.success && problems.length === 0) return result.data;
  const invalid = result.success ? [] : result.error.issues;
  throw new ConfigError(
    [
      ...problems,
      ...invalid.map(({ code, path, message }) => {
        const name = path.join('.');
        const value = SECRET.test(name) ? '' : `=${JSON.stringify(given[name])}`;
        const unset = code === 'invalid_type' ? ' is not set.' : '';
        const origin = temporal?.origins.get(name) ?? name;
        return `config: ${origin}${given[name] === undefined ? unset : value} ${message}`;
      }),
    ].join('\n'),
  );
}

/**
 * Replaces each variable `<name>_FILE` of a setting that may contain a secret by `<name>`, with the content of the file
 * without a line break at its end.
 *
 * @param names the settings; the files of others are not read
 * @returns the variables, and a line for each file that cannot be used
 */
export function readSecretFiles(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
): { values: NodeJS.ProcessEnv; problems: string[] } {
  const values = { ...env };
  const problems: string[] = [];
  for (const name of names.filter((one) => MAY_BE_IN_A_FILE.test(one))) {
    const variable = `${name}_FILE`;
    const path = env[variable];
    if (!path) continue;
    delete values[variable];
    if (env[name]) {
      problems.push(`config: ${name} and ${variable} are both set. Set one of them.`);
      continue;
    }
    try {
      values[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
      if (values[name] === '') problems.push(`config: ${variable}=${JSON.stringify(path)} is an empty file.`);
    } catch (error) {
      problems.push(`config: ${variable}=${JSON.stringify(path)} cannot be read. ${String(error)}`);
    }
  }
  return { values, problems };
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/**
 * A duration such as `500ms`, `30s`, `5m` or `1h`; the output is in milliseconds.
 *
 * @param allowZero accepts `0s`, too
 */
export const duration = (fallback: string, { allowZero = false } = {}) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const match = /^(\d+)(ms|s|m|h)$/.exec(text);
      const milliseconds = match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : 0;
      if (milliseconds > 0 || (match && allowZero)) return milliseconds;
      context.addIssue(
        match
          ? 'must be longer than zero.'
          : /^\d+$/.test(text)
            ? `has no unit. Use ms, s, m or h, for example ${text}s.`
            : 'is not a duration. Use a whole number with ms, s, m or h, for example 30s.',
      );
      return z.NEVER;
    });

/** A whole number from `min` to `max`, both included. */
export const integer = (fallback: number, min: number, max: number) =>
  z
    .string()
    .default(String(fallback))
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `is not a whole number from ${min} to ${max}.`,
    })
    .transform(Number);

/** A TCP port. */
export const port = (fallback: number) => integer(fallback, 1, 65_535);

/** The port of the health checks and metrics: 0 selects a free port, and `same` is the port of the REST API. */
export const managementPort = (fallback: number) =>
  z
    .string()
    .default(String(fallback))
    .refine((text) => text === 'same' || (/^\d+$/.test(text) && Number(text) <= 65_535), {
      error: 'is neither a whole number from 0 to 65535 nor same.',
    })
    .transform((text) => (text === 'same' ? text : Number(text)));

/** The address of a server, such as `localhost:7233`. */
export const hostPort = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .superRefine((text, context) => {
      const given = /^(?:\[[^\]]+\]|[^\s:]+):(\d+)$/.exec(text)?.[1];
      if (given !== undefined && Number(given) >= 1 && Number(given) <= 65_535) return;
      context.addIssue(
        `${text.includes(':') ? 'is not an address' : 'has no port'}. Use host:port, for example ${fallback}.`,
      );
    });

const isUrlOf = (text: string, protocol: RegExp): boolean =>
  URL.canParse(text) && protocol.test(new URL(text).protocol);

const isPostgresUrl = (text: string): boolean => isUrlOf(text, /^postgres(ql)?:$/) && new URL(text).pathname.length > 1;
const NOT_A_POSTGRES_URL =
  'is not a PostgreSQL URL with a database. Use, for example, postgresql://user:password@localhost:5432/Ecommerce.';

/** Returns what is wrong with a PostgreSQL URL; null if nothing is. `check` throws if its parameters cannot be used. */
function postgresProblem(url: string, check: (url: string) => unknown): string | null {
  if (!isPostgresUrl(url)) return NOT_A_POSTGRES_URL;
  try {
    check(url);
    return null;
  } catch (error) {
    return `cannot be used. ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * The URL of a PostgreSQL database.
 *
 * @param check throws if the parameters of the URL cannot be used; its message must not repeat the password
 */
export const postgresUrl = (fallback: string, check: (url: string) => unknown) =>
  z
    .string()
    .default(fallback)
    .superRefine((url, context) => {
      const problem = postgresProblem(url, check);
      if (problem !== null) context.addIssue(problem);
    });

/** A list of words, separated by commas; empty by default. */
export const list = () =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((word) => word.trim())
        .filter(Boolean),
    );

/** The URLs of PostgreSQL databases, separated by commas; an empty list by default. `check` as in `postgresUrl`. */
export const postgresUrls = (check: (url: string) => unknown) =>
  list().superRefine((urls, context) => {
    for (const [at, url] of urls.entries()) {
      const problem = postgresProblem(url, check);
      if (problem !== null) context.addIssue(`entry ${at + 1} ${problem}`);
    }
  });

/** The URL of a web page that people open. The output has no trailing slash. */
export const httpUrl = (example: string) =>
  z
    .string()
    .refine((text) => isUrlOf(text, /^https?:$/), {
      error: `is not the URL of a web page. Use, for example, ${example}.`,
    })
    .transform((text) => text.replace(/\/+$/, ''));

/** The URL of RabbitMQ. The word `none`, for a system without a broker, becomes null. */
export const amqpUrl = () =>
  z
    .string()
    .default('amqp://guest:guest@localhost:5672')
    .refine((text) => text === 'none' || isUrlOf(text, /^amqps?:$/), {
      error: 'is not an AMQP URL. Use, for example, amqp://user:password@localhost:5672, or none for no broker.',
    })
    .transform((text) => (text === 'none' ? null : text));

/** One of the given words. */
export const oneOf = <const W extends readonly [string, ...string[]]>(words: W, fallback: W[number]) =>
  z.enum(words, { error: `is not valid. Use one of ${words.join(', ')}.` }).default(fallback as never);

const isHost = (text: string): boolean => /^([\w.-]+|\[[\da-f:.]+\])$/i.test(text);

/** Checks whether a text is an origin: a scheme, a host and perhaps a port. */
export const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

const PROXY_RANGES = ['loopback', 'linklocal', 'uniquelocal'];

const isProxy = (text: string): boolean => {
  const [address = '', bits = '0', ...rest] = text.split('/');
  const isRange = rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 6 ? 128 : 32);
  return PROXY_RANGES.includes(text) || (isIP(address) !== 0 && isRange);
};

/** A list of words. @param isValid accepts a word */
const listOf = (isValid: (word: string) => boolean, problem: string) =>
  list().superRefine((words, context) => {
    const invalid = words.find((word) => !isValid(word));
    if (invalid !== undefined) context.addIssue(`contains ${JSON.stringify(invalid)}, which ${problem}`);
  });

/** Whether TLS is used: in our words, or in those of Temporal's CLI. */
const tlsSwitch = () =>
  oneOf(['off', 'on', 'false', 'true', '0', '1'], 'off').transform((word) =>
    ['on', 'true', '1'].includes(word) ? 'on' : 'off',
  );

/** Headers of gRPC calls, as text. Names that end in `-bin` are for bytes. A header that is not valid fails every call. */
const grpcHeaders = () =>
  z
    .record(z.string(), z.unknown())
    .transform((headers, context): Record<string, string> => {
      const valid: Record<string, string> = {};
      for (const [name, value] of Object.entries(headers)) {
        const isValid =
          /^[a-z\d._-]+(?<!-bin)$/.test(name) && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value);
        if (isValid) valid[name] = value;
        else context.addIssue(`contains the header ${JSON.stringify(name)}, which is not valid. Use ASCII text.`);
      }
      return valid;
    })
    .optional();

/**
 * The settings of every program that connects to Temporal: the variables of Temporal's CLI. Check them with `checkKeyPairs`.
 */
export const temporalSettings = {
  TEMPORAL_ADDRESS: hostPort('localhost:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  /** Whether the connection to Temporal uses TLS. With one of the settings below it always does. */
  TEMPORAL_TLS: tlsSwitch(),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificateFile(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: certificate(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: certificateFile(),
  TEMPORAL_TLS_CLIENT_CERT_DATA: certificate(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: keyFile(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: key(),
  /** The name that the server's certificate must have; the host of the address by default. */
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  /** The headers of each call: the variables `TEMPORAL_GRPC_META_<name>`, collected. */
  TEMPORAL_GRPC_META: grpcHeaders(),
  /** The keys that encrypt what Temporal stores: the same for every program that connects to it. */
  PAYLOAD_KEYS: payloadKeys(),
};

export type TemporalSettings = z.output<z.ZodObject<typeof temporalSettings>>;

/** The settings of every program that connects to RabbitMQ. Check them with `checkKeyPairs`. */
export const brokerSettings = {
  AMQP_URL: amqpUrl(),
  AMQP_TLS_CA: certificateFile(),
  AMQP_TLS_CERT: certificateFile(),
  AMQP_TLS_KEY: keyFile(),
  /** `check`: another user declares the exchanges and queues. */
  TOPOLOGY: oneOf(['declare', 'check'], 'declare'),
  /** The users whose messages are handled. If any is set, published messages name their user. */
  AMQP_VERIFY_USER: list(),
};

export type BrokerSettings = z.output<z.ZodObject<typeof brokerSettings>>;

/** The settings of every program that answers HTTP requests. */
export const httpSettings = {
  /** The address to listen on. `localhost` stands for both loopback addresses. Check it with `checkListenAddress`. */
  LISTEN_ADDRESS: z.string().default('localhost'),
  /** How callers are identified; unset or `none`: not at all. Check this setting with `checkAuthentication`. */
  AUTH: authMethods(),
  /** Where the identity provider publishes the keys that sign its tokens. */
  AUTH_JWKS_URL: jwksUrl(),
  /** The claim `iss` of its tokens. */
  AUTH_ISSUER: z.string().optional(),
  /** What the claim `aud` of its tokens contains. */
  AUTH_AUDIENCE: z.string().optional(),
  /** The host names of the service, in addition to the loopback names. */
  ALLOWED_HOSTS: listOf(isHost, 'is not the name of a host. Leave out the scheme and the port.'),
  /** The origins of the web pages that may use the API. */
  CORS_ORIGINS: listOf(isOrigin, 'is not an origin. Use, for example, https://shop.example.com.'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'info'),
};

/** The settings of every service. */
export const commonSettings = {
  ...temporalSettings,
  ...brokerSettings,
  ...tracingSettings,
  /** How many requests each client may send per minute; 0 means that there is no limit. */
  RATE_LIMIT: integer(0, 0, 1_000_000),
  /** The load balancers whose header `X-Forwarded-For` names the client. */
  TRUSTED_PROXIES: listOf(isProxy, 'is not an address. Use, for example, 10.0.0.7 or 10.0.0.0/24.'),
  /** The address of the management port. */
  MANAGEMENT_ADDRESS: z.string().default('localhost'),
  /** How long an idle HTTP connection stays open. Longer than load balancers keep one, usually 60 s. */
  KEEP_ALIVE_TIMEOUT: duration('65s'),
  /** The build id of the workflow code that Temporal shows; a hash of the code by default. */
  BUILD_ID: z
    .string()
    .regex(/^[\w-]{1,128}$/, { error: 'is not a build id. Use at most 128 letters, digits, _ and -.' })
    .optional(),
  /** `on`: Temporal assigns each saga only to workers of the current build. */
  WORKER_VERSIONING: oneOf(['off', 'on'], 'off'),
  /** How long the service keeps serving after SIGTERM, while `/readyz` answers 503 and load balancers notice it. */
  DRAIN_TIME: duration('0s', { allowZero: true }),
  DATABASE_POOL_SIZE: integer(10, 1, 1_000),
  /** `off`: another role applies the migrations. `only`: the process applies them and exits. */
  MIGRATE: oneOf(['on', 'off', 'only'], 'on'),
  ...httpSettings,
};

/** Reports an address that other machines can reach, unless authentication is configured or `none` is stated. */
export function checkListenAddress(
  { LISTEN_ADDRESS, AUTH }: { LISTEN_ADDRESS: string; AUTH?: AuthMethod[] | undefined },
  context: z.core.$RefinementCtx,
): void {
  if (isLoopback(LISTEN_ADDRESS) || AUTH !== undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['LISTEN_ADDRESS'],
    message:
      'can be reached from other machines, and AUTH is not set. Set AUTH to api-keys or jwt. If something else controls ' +
      'who reaches the service, state AUTH=none.',
  });
}

export type CommonConfig = z.output<z.ZodObject<typeof commonSettings>>;

/** Reads the settings. If any is invalid, prints every problem to standard error and exits with code 1. */
export function readOrExit<C>(read: () => C): C {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}
