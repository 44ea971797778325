import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The contents of the PEM files of a TLS connection. */
export interface TlsFiles {
  /** The certificates of the CAs to trust, instead of the public CAs. */
  ca?: Buffer;
  /** The client certificate, followed by its intermediate certificates. */
  cert?: Buffer;
  /** The private key of the client certificate. */
  key?: Buffer;
}

const PREFIXES = ['TEMPORAL_TLS', 'AMQP_TLS'] as const;
type Prefix = (typeof PREFIXES)[number];
/** The paths of the files, by setting. */
type TlsPaths = { [setting in `${Prefix}_${'CA' | 'CERT' | 'KEY'}`]?: string | undefined };

const pemFile = (content: string, parse: (content: Buffer) => unknown) =>
  z
    .string()
    .superRefine((path, context) => {
      if (path.includes('-----BEGIN')) {
        context.addIssue('is the content of a file. Set it to the path of the file.');
        return;
      }
      try {
        parse(readFileSync(path));
      } catch (error) {
        context.addIssue(`is not a PEM file with ${content}. ${String(error)}`);
      }
    })
    .optional();

/** The path of a PEM file that contains a certificate. */
export const certificateFile = () => pemFile('a certificate', (content) => new X509Certificate(content));

/** The path of a PEM file that contains a private key. */
export const keyFile = () => pemFile('a private key without a passphrase', createPrivateKey);

/** Reports a client certificate without its private key, and one whose private key belongs to another certificate. */
export function checkKeyPairs(settings: TlsPaths, context: z.core.$RefinementCtx): void {
  for (const prefix of PREFIXES) {
    const { cert, key } = readTlsFiles(prefix, settings);
    const report = (message: string): void =>
      context.addIssue({ code: 'custom', path: [`${prefix}_${cert ? 'CERT' : 'KEY'}`], message });
    if (!cert !== !key) report(`needs ${prefix}_${cert ? 'KEY' : 'CERT'}. Set both or none.`);
    if (cert && key && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      report(`does not belong to the private key in ${prefix}_KEY.`);
  }
}

/** Reads the files of the settings `<prefix>_CA`, `<prefix>_CERT` and `<prefix>_KEY`. */
export function readTlsFiles(prefix: Prefix, settings: TlsPaths): TlsFiles {
  const [ca, cert, key] = (['CA', 'CERT', 'KEY'] as const).map((name) => settings[`${prefix}_${name}`]);
  return {
    ...(ca && { ca: readFileSync(ca) }),
    ...(cert && { cert: readFileSync(cert) }),
    ...(key && { key: readFileSync(key) }),
  };
}
