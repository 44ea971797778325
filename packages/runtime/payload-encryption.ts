import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { UnavailableError } from './fault';
import { KEY_ID, type PayloadKey } from './payload-keys';

/** The payload is encrypted with a key that this process does not have. The same call succeeds once it has the key. */
export class UnknownPayloadKeyError extends UnavailableError {
  override name = 'UnknownPayloadKeyError';

  constructor(id: string) {
    super(`A payload is encrypted with the key ${id}, which PAYLOAD_KEYS does not contain. Add the key and restart.`);
  }
}

/** The encoding that Temporal's own examples use. */
const ENCODING = 'binary/encrypted';
const KEY_ID_FIELD = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
/** NIST SP 800-38D, section 8.2.2: a random nonce of 96 bits, for at most 2^32 payloads per key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What the authentication tag covers beside the payload. The namespace and the workflow are not covered: see decision 0052. */
const associatedData = (keyId: string): Buffer => Buffer.from(`order-placement payload 1\0${keyId}`);

/**
 * Encrypts payloads with AES-256-GCM, with the first of its keys. Without keys, payloads stay as they are. Payloads that are
 * not encrypted remain readable in any case, so that encryption can be switched on while sagas run.
 */
export class PayloadEncryption implements PayloadCodec {
  private readonly active: PayloadKey | undefined;
  private readonly keys: ReadonlyMap<string, PayloadKey>;

  constructor(keys: readonly PayloadKey[] = []) {
    this.active = keys[0];
    this.keys = new Map(keys.map((key) => [key.id, key]));
  }

  /** Whether there is a key, so that new payloads are encrypted. */
  get isOn(): boolean {
    return this.active !== undefined;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const { active } = this;
    return active ? payloads.map((payload) => encrypt(payload, active)) : payloads;
  }

  /**
   * Decrypts payloads. One that nobody with the key has written, or that was changed, stays as it is: the workflows reject it
   * like every other payload that cannot be decoded.
   *
   * @throws {UnknownPayloadKeyError} which fails a workflow task or an activity, so that Temporal repeats it
   */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const id = keyIdOf(payload);
      if (id === null) return payload;
      const key = this.keys.get(id);
      if (!key) throw new UnknownPayloadKeyError(id);
      return decrypt(payload, key) ?? payload;
    });
  }
}

/** Returns the id of the key with which a payload is encrypted; null if it is not encrypted in our format. */
function keyIdOf({ metadata, data }: Payload): string | null {
  const [encoding, id] = ['encoding', KEY_ID_FIELD].map((field) => Buffer.from(metadata?.[field] ?? []).toString());
  const isOurs = encoding === ENCODING && id !== undefined && KEY_ID.test(id);
  return isOurs && (data?.length ?? 0) >= NONCE_BYTES + TAG_BYTES ? id : null;
}

function encrypt(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(associatedData(id));
  const content = temporal.api.common.v1.Payload.encode(payload).finish();
  const data = Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { encoding: Buffer.from(ENCODING), [KEY_ID_FIELD]: Buffer.from(id) }, data };
}

/** Decrypts a payload. @returns null if it was not encrypted with this key, or was changed */
function decrypt({ data }: Payload, { id, key }: PayloadKey): Payload | null {
  const bytes = Buffer.from(data ?? []);
  const [nonce, content, tag] = [
    bytes.subarray(0, NONCE_BYTES),
    bytes.subarray(NONCE_BYTES, -TAG_BYTES),
    bytes.subarray(-TAG_BYTES),
  ];
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(associatedData(id))
    .setAuthTag(tag);
  try {
    return temporal.api.common.v1.Payload.decode(Buffer.concat([decipher.update(content), decipher.final()]));
  } catch {
    return null;
  }
}
