import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { TLSConfig } from '@temporalio/client';
import type { TemporalSettings } from './environment';
import { readTlsFiles } from './tls-files';

/** How a connection to Temporal is secured; the names are those of the connection options. */
export interface TemporalSecurity {
  tls: false | TLSConfig;
  apiKey?: string;
  /** The headers of each call. */
  metadata?: Record<string, string>;
}

/**
 * Derives the security of a connection, and reads the files of its certificates.
 *
 * Every setting that only TLS can use implies TLS: an API key, for example, must not be sent in plain text.
 */
export function securityOf(
  settings: Partial<TemporalSettings>,
  env: NodeJS.ProcessEnv = process.env,
): TemporalSecurity {
  const {
    TEMPORAL_TLS,
    TEMPORAL_API_KEY: apiKey,
    TEMPORAL_TLS_SERVER_NAME: serverName,
    TEMPORAL_GRPC_META: metadata,
  } = settings;
  const { ca, cert, key } = readTlsFiles('TEMPORAL_TLS', settings);
  if (TEMPORAL_TLS !== 'on' && !apiKey && !serverName && !ca && !cert)
    return { tls: false, ...(metadata && { metadata }) };
  const trusted = ca ?? withExtraAuthorities(env);
  return {
    tls: {
      ...(serverName && { serverNameOverride: serverName }),
      ...(trusted && { serverRootCACertificate: trusted }),
      ...(cert && key && { clientCertPair: { crt: cert, key } }),
    },
    ...(apiKey && { apiKey }),
    ...(metadata && { metadata }),
  };
}

/**
 * Returns what Node trusts if NODE_EXTRA_CA_CERTS is set: the public CAs and those of the file. The connection of a worker is
 * not Node's and ignores the variable. Like Node, it continues without a file that it cannot read.
 */
function withExtraAuthorities({ NODE_EXTRA_CA_CERTS: file }: NodeJS.ProcessEnv): Buffer | null {
  if (!file) return null;
  try {
    return Buffer.from([...rootCertificates, readFileSync(file, 'utf8')].join('\n'));
  } catch {
    return null;
  }
}
