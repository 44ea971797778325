import { z } from 'zod';

/** The environment does not describe a service that could run; the message lists every problem. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads a service's settings from the environment, once.
 *
 * @throws ConfigError with all problems at once; values of settings that may hold a password are not repeated in it
 */
export function readEnvironment<S extends z.ZodObject>(schema: S, env: NodeJS.ProcessEnv = process.env): z.output<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')); // empty counts as unset
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues
      .map(({ code, path, message }) => {
        const name = path.join('.');
        const value = /_URLS?$/.test(name) ? '' : ` ${JSON.stringify(given[name])}`;
        const absent = code === 'invalid_type' ? ' is missing:' : '';
        return `config: ${name}${given[name] === undefined ? absent : value} ${message}`;
      })
      .join('\n'),
  );
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A span of time such as `500ms`, `30s`, `5m` or `1h`; read as milliseconds. @param orNone takes `0s`, too */
export const duration = (fallback: string, { orNone = false } = {}) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const match = /^(\d+)(ms|s|m|h)$/.exec(text);
      const milliseconds = match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : 0;
      if (milliseconds > 0 || (match && orNone)) return milliseconds;
      context.addIssue(
        match
          ? 'must be longer than nothing'
          : /^\d+$/.test(text)
            ? `has no unit (such as ${text}s)`
            : 'is no duration (such as 30s)',
      );
      return z.NEVER;
    });

/** A whole number within bounds. */
export const integer = (fallback: number, min: number, max: number) =>
  z
    .string()
    .default(String(fallback))
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `is not a whole number from ${min} to ${max}`,
    })
    .transform(Number);

/** A TCP port to listen on. */
export const port = (fallback: number) => integer(fallback, 1, 65_535);

/** Where a server listens, such as `localhost:7233`. */
export const hostPort = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .superRefine((text, context) => {
      const given = /^(?:\[[^\]]+\]|[^\s:]+):(\d+)$/.exec(text)?.[1];
      if (given !== undefined && Number(given) >= 1 && Number(given) <= 65_535) return;
      context.addIssue(
        `${text.includes(':') ? 'is no address' : 'has no port'} (expected host:port, such as ${fallback})`,
      );
    });

const isUrlOf = (text: string, protocol: RegExp): boolean =>
  URL.canParse(text) && protocol.test(new URL(text).protocol);

const isPostgresUrl = (text: string): boolean => isUrlOf(text, /^postgres(ql)?:$/) && new URL(text).pathname.length > 1;
const POSTGRES_URL = 'a PostgreSQL URL with a database, such as postgresql://user:password@localhost:5432/Ecommerce';

/** A PostgreSQL database. */
export const postgresUrl = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine(isPostgresUrl, { error: `is not ${POSTGRES_URL}` });

/** Any number of PostgreSQL databases, separated by commas; none by default. */
export const postgresUrls = () =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((url) => url.trim())
        .filter(Boolean),
    )
    .superRefine((urls, context) => {
      for (const [at, url] of urls.entries()) {
        if (!isPostgresUrl(url)) context.addIssue(`holds, as number ${at + 1}, what is not ${POSTGRES_URL}`);
      }
    });

/** A RabbitMQ broker; null for the word `none`, where the system runs without one. */
export const amqpUrl = () =>
  z
    .string()
    .default('amqp://guest:guest@localhost:5672')
    .refine((text) => text === 'none' || isUrlOf(text, /^amqps?:$/), {
      error: 'is neither an AMQP URL, such as amqp://user:password@localhost:5672, nor none',
    })
    .transform((text) => (text === 'none' ? null : text));

/** One of a few words. */
export const oneOf = <const W extends readonly [string, ...string[]]>(words: W, fallback: W[number]) =>
  z.enum(words, { error: `is not one of ${words.join(', ')}` }).default(fallback as never);

/** What every service reads. */
export const commonSettings = {
  TEMPORAL_ADDRESS: hostPort('localhost:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  /** Whether Temporal is reached over TLS; it is with an API key, whatever this says. */
  TEMPORAL_TLS: oneOf(['off', 'on'], 'off'),
  TEMPORAL_API_KEY: z.string().optional(),
  /** The address to listen on, beside the port; any of this machine without. */
  LISTEN_ADDRESS: z.string().optional(),
  /** Names the code that this is to Temporal; the hash of its workflows without. */
  BUILD_ID: z
    .string()
    .regex(/^[\w-]{1,128}$/, { error: 'is not made of at most 128 letters, digits, _ and -' })
    .optional(),
  /** Whether Temporal is to give each saga to workers of the build that is current only; else any worker gets any. */
  WORKER_VERSIONING: oneOf(['off', 'on'], 'off'),
  /** How long to go on serving after SIGTERM, while `/readyz` says no and the load balancer sees it. */
  DRAIN_TIME: duration('0s', { orNone: true }),
  DATABASE_POOL_SIZE: integer(10, 1, 1_000),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'info'),
};

export type CommonConfig = z.output<z.ZodObject<typeof commonSettings>>;

/** Reads the settings, or says on standard error what is wrong with them and ends the process. */
export function readOrExit<C>(read: () => C): C {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}
