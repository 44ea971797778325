import { appendFileSync, chmodSync, chownSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '@shop/dev/certificates';

/**
 * Configures TLS for a PostgreSQL server that `startPostgres` has started. `SELECT pg_reload_conf()` activates it.
 *
 * @param folder the folder that `startPostgres` received
 * @param clientAuthority signs the client certificates
 * @param rules lines of `pg_hba.conf` that precede the existing ones
 */
export function configureTls(
  folder: string,
  {
    certificate,
    clientAuthority,
    rules,
  }: { certificate: Certificate; clientAuthority: { cert: string }; rules: string },
): void {
  const data = join(folder, 'cluster');
  useServerCertificate(folder, certificate);
  copyFileSync(clientAuthority.cert, join(data, 'ca.pem'));
  const files = `ssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\nssl_ca_file = 'ca.pem'\n`;
  appendFileSync(join(data, 'postgresql.conf'), `ssl = on\n${files}`);
  const existing = readFileSync(join(data, 'pg_hba.conf'), 'utf8');
  writeFileSync(join(data, 'pg_hba.conf'), `${rules}\n${existing}`);
}

/** Replaces the certificate of the server. New connections receive it after `SELECT pg_reload_conf()`. */
export function useServerCertificate(folder: string, { cert, key }: Certificate): void {
  const data = join(folder, 'cluster');
  const { uid, gid } = statSync(data);
  for (const [from, name] of [
    [cert, 'server.pem'],
    [key, 'server.key'],
  ] as const) {
    copyFileSync(from, join(data, name));
    chownSync(join(data, name), uid, gid);
    chmodSync(join(data, name), 0o600);
  }
}
