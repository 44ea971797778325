import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate and its private key: paths of PEM files. */
export interface Certificate {
  cert: string;
  key: string;
}

/** A private certificate authority that issues certificates with OpenSSL's command. */
export class CertificateAuthority {
  /** The path of its own certificate. */
  readonly cert: string;

  /** @param folder receives all files */
  constructor(
    private readonly folder: string,
    private readonly name: string,
  ) {
    this.cert = this.create(name, 'basicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign').cert;
  }

  /** Issues a certificate for a server with these host names and addresses, or for a client. */
  issue(name: string, hosts = ['DNS:localhost', 'IP:127.0.0.1']): Certificate {
    const extensions = `basicConstraints = critical, CA:FALSE\nsubjectAltName = ${hosts.join(', ')}`;
    const signer = ['-CA', this.cert, '-CAkey', join(this.folder, `${this.name}.key`)];
    return this.create(`${this.name}-${name}`, extensions, signer, name);
  }

  private create(file: string, extensions: string, signer: string[] = [], subject = file): Certificate {
    const [cert, key, config] = ['pem', 'key', 'cnf'].map((ending) => join(this.folder, `${file}.${ending}`)) as [
      string,
      string,
      string,
    ];
    writeFileSync(config, `[req]\ndistinguished_name = name\n[name]\n[extensions]\n${extensions}\n`);
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
    const options = [
      '-subj',
      `/CN=${subject}`,
      '-days',
      '2',
      '-config',
      config,
      '-extensions',
      'extensions',
      ...signer,
    ];
    const files = ['-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', ...curve, ...options, ...files], { stdio: 'pipe' });
    return { cert, key };
  }
}
