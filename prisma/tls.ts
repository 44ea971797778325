import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import { Client, Connection, type ClientConfig } from 'pg';

/** How `pg` secures its connections. */
export interface DatabaseTls {
  ssl: false | ConnectionOptions;
  sslnegotiation?: 'direct';
  /** The class of the connections, which a pool takes from its configuration. */
  Client: typeof Client;
}

const MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation'] as const;

/**
 * Removes the TLS parameters from a URL and interprets them as PostgreSQL's own clients do, which differs from `pg`:
 * https://www.postgresql.org/docs/current/libpq-ssl.html. A missing parameter is taken from libpq's environment variable.
 * Reads the files of the certificates once.
 *
 * @throws {Error} if the parameters contradict each other, or a file cannot be used; the message names the parameter
 */
export function takeTlsParameters(url: URL, env: NodeJS.ProcessEnv = process.env): DatabaseTls {
  const take = (name: (typeof PARAMETERS)[number]): string | null => {
    const value = url.searchParams.get(name) || env[`PG${name.toUpperCase()}`] || null;
    url.searchParams.delete(name);
    return value;
  };
  const given = take('sslmode');
  const rootCertificate = take('sslrootcert');
  const certificate = take('sslcert');
  const key = take('sslkey');
  const negotiation = take('sslnegotiation');
  const unknown = [...url.searchParams.keys()].find((name) => /^ssl/i.test(name));
  if (unknown) throw new Error(`${unknown} is not supported. Use ${PARAMETERS.join(', ')}.`);
  url.searchParams.delete('uselibpqcompat');

  if (given === null && (rootCertificate || certificate || key)) {
    throw new Error('The certificates have no effect without sslmode. Add sslmode=verify-full.');
  }
  const mode = MODES.find((known) => known === (given ?? 'disable'));
  if (!mode) throw new Error(`sslmode=${given} is not valid. Use one of ${MODES.join(', ')}.`);
  if (mode === 'disable') return { ssl: false, Client };
  if (!certificate !== !key) throw new Error('sslcert and sslkey belong together. Set both or none.');
  const hasOwnRoot = rootCertificate !== null && rootCertificate !== 'system';
  if (mode === 'verify-ca' && !hasOwnRoot) {
    throw new Error('sslmode=verify-ca needs sslrootcert: a public CA also signs certificates of other owners.');
  }
  if (negotiation === 'direct' && mode === 'prefer') {
    throw new Error('sslnegotiation=direct needs sslmode=require or a stricter mode.');
  }

  const files = {
    ...(hasOwnRoot && { ca: readFile('sslrootcert', rootCertificate) }),
    ...(certificate && { cert: readFile('sslcert', certificate) }),
    ...(key && { key: readFile('sslkey', key) }),
  };
  checkFiles(files);
  const verifiesCa = mode === 'verify-ca' || mode === 'verify-full' || (mode === 'require' && hasOwnRoot);
  return {
    ssl: {
      ...files,
      rejectUnauthorized: verifiesCa,
      ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    },
    ...(negotiation === 'direct' && { sslnegotiation: 'direct' }),
    Client: mode === 'prefer' ? PreferTlsClient : TlsClient,
  };
}

function readFile(parameter: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`${parameter} is not readable: ${String(error)}`, { cause: error });
  }
}

function checkFiles(files: { ca?: Buffer; cert?: Buffer; key?: Buffer }): void {
  try {
    if (files.ca) void new X509Certificate(files.ca); // the next line ignores a file that contains no certificate
    createSecureContext(files);
  } catch (error) {
    throw new Error(`sslrootcert, sslcert or sslkey cannot be used: ${String(error)}`, { cause: error });
  }
}

/** What to do about an error of a handshake, by its code or message. The codes are those of OpenSSL and of Node's `tls`. */
const REMEDIES: [problem: RegExp, remedy: string][] = [
  [/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/, 'Set sslrootcert in DATABASE_URL to the certificate of its CA.'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'Use a name of the certificate as the host of DATABASE_URL.'],
  [/^ERR_SSL_.*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|UNKNOWN_CA)$/, 'Check sslcert and sslkey in DATABASE_URL.'],
  [/^The server does not support SSL/, 'Turn TLS on in the server, or remove sslmode from DATABASE_URL.'],
];

function addRemedy(error: Error & { code?: string }): void {
  const remedy = REMEDIES.find(([problem]) => problem.test(error.code ?? error.message))?.[1];
  if (remedy) error.message = `${error.message.replace(/\.?$/, '.')} ${remedy}`;
}

/** A client whose error names the parameter to change if the TLS handshake fails. */
class TlsClient extends Client {
  constructor(config?: ClientConfig & { connection?: Connection }) {
    super(config);
    this.connection.on('error', addRemedy); // before the client's own listener, which fails the call
  }
}

/** What `pg` does with the server's answer to a request for TLS. Its type declarations do not contain it. */
interface Negotiation {
  connect(port: number, host?: string): void;
  attachListeners(stream: Connection['stream']): void;
}

/** Continues in plain text if the server has no TLS, instead of failing. */
class PreferTlsConnection extends Connection {
  connect(port: number, host?: string): void {
    const pg = Connection.prototype as Connection & Negotiation;
    pg.connect.call(this, port, host);
    const [negotiate] = this.stream.listeners('data') as ((answer: Buffer) => void)[];
    this.stream.removeAllListeners('data').once('data', (answer: Buffer) => {
      if (answer.toString() !== 'N') return negotiate?.(answer);
      pg.attachListeners.call(this, this.stream);
      this.emit('sslconnect'); // the client now sends its start-up message
    });
  }
}

class PreferTlsClient extends TlsClient {
  constructor(config: ClientConfig = {}) {
    super({ ...config, connection: new PreferTlsConnection(config) });
  }
}
