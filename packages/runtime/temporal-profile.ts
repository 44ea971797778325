import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { loadClientConfigProfile, type ClientConfigProfile, type ConfigDataSource } from '@temporalio/envconfig';

/** Older names of variables that Temporal's CLI and SDKs have since defined. They are still accepted. */
const OLDER_NAMES = {
  TEMPORAL_TLS_CA: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  TEMPORAL_TLS_CERT: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  TEMPORAL_TLS_KEY: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
} as const;

const HEADER = 'TEMPORAL_GRPC_META_';

/** The settings of a connection, from variables and from a profile. */
export interface TemporalVariables {
  /** The variables; the settings of the profile were added under the name of their variable. */
  values: Record<string, unknown>;
  /** Where a value comes from, if not from the variable of this name. */
  origins: Map<string, string>;
  /** A line for each variable, file or profile that cannot be used. */
  problems: string[];
}

/**
 * Adds the settings of a profile of `temporal.toml` to the variables of Temporal's CLI. A variable overrides the profile. A
 * file is read only if `TEMPORAL_CONFIG_FILE` or `TEMPORAL_PROFILE` is set: see docs/decisions/0051-temporal-connection.md.
 */
export function withTemporalProfile(env: NodeJS.ProcessEnv): TemporalVariables {
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const origins = new Map<string, string>();
  const problems: string[] = [];

  for (const [older, name] of Object.entries(OLDER_NAMES)) {
    if (values[older] === undefined) continue;
    if (values[name] !== undefined) problems.push(`config: ${older} and ${name} are both set. Set one of them.`);
    values[name] = values[older];
    origins.set(name, older);
  }
  for (const name of Object.values(OLDER_NAMES)) {
    const data = name.replace(/PATH$/, 'DATA');
    if (values[name] !== undefined && values[data] !== undefined)
      problems.push(`config: ${origins.get(name) ?? name} and ${data} are both set. Set one of them.`);
  }
  if (values['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'] !== undefined) {
    problems.push(
      'config: TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is not supported, because it permits any server. ' +
        "Set TEMPORAL_TLS_SERVER_NAME to a name of the server's certificate.",
    );
  }

  const { file, profile, problem } = readProfile(values);
  if (problem !== undefined) problems.push(problem);
  for (const { name, alternative = name, key, value } of profile ? variablesOf(profile) : []) {
    if (value === undefined || values[name] !== undefined || values[alternative] !== undefined) continue;
    values[name] = value;
    origins.set(name, `${key} of the profile ${profileName(values)} in ${file}`);
  }
  const headers = headersOf(profile?.grpcMeta ?? {}, env);
  if (Object.keys(headers).length > 0) values['TEMPORAL_GRPC_META'] = headers;
  return { values, origins, problems };
}

/** Returns the address that a variable or a profile sets; undefined if none does. */
export const configuredAddress = (env: NodeJS.ProcessEnv): string | undefined =>
  withTemporalProfile(env).values['TEMPORAL_ADDRESS'] as string | undefined;

const profileName = ({ TEMPORAL_PROFILE: name }: Record<string, unknown>): string =>
  typeof name === 'string' ? name : 'default';

/** Reads the profile that the variables select, if they select one. */
function readProfile(values: Record<string, unknown>): {
  file?: string;
  profile?: ClientConfigProfile;
  problem?: string;
} {
  const { TEMPORAL_CONFIG_FILE: given, TEMPORAL_PROFILE: name } = values as Record<string, string | undefined>;
  if (given === undefined && name === undefined) return {};
  const file = given ?? defaultFile(values as NodeJS.ProcessEnv);
  const variable =
    given === undefined ? `TEMPORAL_PROFILE=${JSON.stringify(name)}` : `TEMPORAL_CONFIG_FILE=${JSON.stringify(given)}`;
  if (!existsSync(file)) return { problem: `config: ${variable} cannot be used: the file ${file} does not exist.` };
  try {
    const options = { configSource: { path: file }, configFileStrict: true, disableEnv: true, overrideEnvVars: {} };
    return { file, profile: loadClientConfigProfile({ ...options, profile: profileName(values) }) };
  } catch (error) {
    // Further lines show the part of the file that is not valid, which may contain a secret.
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    const message = error instanceof TypeError ? 'it contains no profile' : first; // thrown for a file without any table
    return { problem: `config: ${variable} cannot be used: ${message.replace(/\.$/, '')} (${file}).` };
  }
}

/** The file that Temporal's CLI writes. */
function defaultFile({ XDG_CONFIG_HOME: folder, HOME = homedir() }: NodeJS.ProcessEnv): string {
  const folders = process.platform === 'darwin' ? ['Library', 'Application Support'] : ['.config'];
  const configuration = process.platform !== 'darwin' && folder && isAbsolute(folder) ? folder : join(HOME, ...folders);
  return join(configuration, 'temporalio', 'temporal.toml');
}

interface ProfileVariable {
  name: string;
  /** Another variable that sets the same. */
  alternative?: string;
  /** The key in the profile. */
  key: string;
  value: unknown;
}

/** Returns what a profile sets, as variables. */
function variablesOf({ address, namespace, apiKey, tls }: ClientConfigProfile): ProfileVariable[] {
  return [
    { name: 'TEMPORAL_ADDRESS', key: 'address', value: address },
    { name: 'TEMPORAL_NAMESPACE', key: 'namespace', value: namespace },
    { name: 'TEMPORAL_API_KEY', key: 'api_key', value: apiKey },
    { name: 'TEMPORAL_TLS', key: 'tls', value: tls && (tls.disabled === true ? 'off' : 'on') },
    { name: 'TEMPORAL_TLS_SERVER_NAME', key: 'tls.server_name', value: tls?.serverName },
    ...pem('TEMPORAL_TLS_SERVER_CA_CERT', 'tls.server_ca_cert', tls?.serverCACert),
    ...pem('TEMPORAL_TLS_CLIENT_CERT', 'tls.client_cert', tls?.clientCert),
    ...pem('TEMPORAL_TLS_CLIENT_KEY', 'tls.client_key', tls?.clientKey),
  ];
}

function pem(name: string, key: string, source: ConfigDataSource | undefined): ProfileVariable[] {
  if (source === undefined) return [];
  const [path, data] = [`${name}_PATH`, `${name}_DATA`];
  return 'path' in source
    ? [{ name: path, alternative: data, key: `${key}_path`, value: source.path }]
    : [{ name: data, alternative: path, key: `${key}_data`, value: Buffer.from(source.data).toString() }];
}

/** Returns the headers of each call: those of the profile, and the variables over them. An empty one removes a header. */
function headersOf(profile: Record<string, string>, env: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(env).filter(([name]) => name.startsWith(HEADER));
  const headers = [
    ...Object.entries(profile),
    ...given.map(([name, value]) => [name.slice(HEADER.length), value ?? '']),
  ];
  const named = headers.map(([name = '', value = '']) => [name.toLowerCase().replaceAll('_', '-'), value] as const);
  return Object.fromEntries([...new Map(named)].filter(([, value]) => value !== ''));
}
