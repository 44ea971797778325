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

/** The settings of a connection's files: the path of each, then its content. */
const SETTINGS = {
  AMQP_TLS: { ca: ['AMQP_TLS_CA'], cert: ['AMQP_TLS_CERT'], key: ['AMQP_TLS_KEY'] },
  TEMPORAL_TLS: {
    ca: ['TEMPORAL_TLS_SERVER_CA_CERT_PATH', 'TEMPORAL_TLS_SERVER_CA_CERT_DATA'],
    cert: ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_CERT_DATA'],
    key: ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_CLIENT_KEY_DATA'],
  },
} as const;
type Prefix = keyof typeof SETTINGS;
type Setting = { [P in Prefix]: (typeof SETTINGS)[P][keyof TlsFiles][number] }[Prefix];
type TlsSettings = { [setting in Setting]?: string | undefined };

type Parse = (content: Buffer) => unknown;
const CERTIFICATE = ['a certificate', (content) => new X509Certificate(content)] as const satisfies [string, Parse];
const KEY = ['a private key without a passphrase', createPrivateKey] as const satisfies [string, Parse];

const pemFile = ([content, parse]: readonly [string, Parse]) =>
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

const pem = ([content, parse]: readonly [string, Parse]) =>
  z
    .string()
    .superRefine((text, context) => {
      try {
        parse(Buffer.from(text));
      } catch (error) {
        context.addIssue(`is not ${content} in PEM format. ${String(error)}`);
      }
    })
    .optional();

/** The path of a PEM file that contains a certificate. */
export const certificateFile = () => pemFile(CERTIFICATE);

/** The path of a PEM file that contains a private key. */
export const keyFile = () => pemFile(KEY);

/** A certificate in PEM format. */
export const certificate = () => pem(CERTIFICATE);

/** A private key in PEM format. */
export const key = () => pem(KEY);

/** Reports a client certificate without its private key, and one whose private key belongs to another certificate. */
export function checkKeyPairs(settings: TlsSettings, context: z.core.$RefinementCtx): void {
  for (const prefix of Object.keys(SETTINGS) as Prefix[]) {
    const { cert, key: privateKey } = readTlsFiles(prefix, settings);
    const report = (message: string): void =>
      context.addIssue({ code: 'custom', path: [settingOf(prefix, cert ? 'cert' : 'key', settings)], message });
    const other = settingOf(prefix, cert ? 'key' : 'cert', settings);
    if (!cert !== !privateKey) report(`needs ${other}. Set both or none.`);
    if (cert && privateKey && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(privateKey)))
      report(`does not belong to the private key in ${other}.`);
  }
}

/** Returns the setting that gives a part; that of its path if none does. */
function settingOf(prefix: Prefix, part: keyof TlsFiles, settings: TlsSettings): Setting {
  const names: readonly Setting[] = SETTINGS[prefix][part];
  return names.find((name) => settings[name] !== undefined) ?? names[0]!;
}

/** Returns the contents of a connection's files. */
export function readTlsFiles(prefix: Prefix, settings: TlsSettings): TlsFiles {
  const [ca, cert, privateKey] = (['ca', 'cert', 'key'] as const).map((part) => {
    const name = settingOf(prefix, part, settings);
    const value = settings[name];
    if (!value) return undefined;
    return name.endsWith('_DATA') ? Buffer.from(value) : readFileSync(value);
  });
  return { ...(ca && { ca }), ...(cert && { cert }), ...(privateKey && { key: privateKey }) };
}
