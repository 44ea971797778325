import pLimit from 'p-limit';
import { retryLater } from '../problem';
import { matchesHash, parseApiKey } from './api-key';
import type { StoredApiKey } from './api-key-store';
import type { Caller } from './caller';
import { invalidCredential } from './unauthenticated';

/** Finds a key by its prefix; null if it does not exist. @throws the error of the database */
export type FindApiKey = (prefix: string) => Promise<StoredApiKey | null>;

const CACHE = {
  /** A key that was revoked is refused after this time at the latest. docs/security.md states it. */
  maxAgeMs: 5_000,
  /** Bounds the memory: an entry has about 500 bytes. */
  maxKeys: 10_000,
};

/** Requests with unknown keys are not cached. So many of them must not occupy the connections that orders need. */
const LOOK_UPS = { concurrent: 2, maxWaiting: 100 };

interface CachedKey {
  found: Promise<StoredApiKey | null>;
  until: number;
}

/** Identifies callers by API keys. Keys that exist are cached for 5 seconds. */
export class ApiKeys {
  private readonly cache = new Map<string, CachedKey>();
  private readonly lookUps = pLimit(LOOK_UPS.concurrent);

  /** @param now the current time in milliseconds since 1970 */
  constructor(
    private readonly find: FindApiKey,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Identifies the caller that sent a key.
   *
   * @throws {Problem} 401 if the key is unknown, expired or revoked; 503 if too many keys are being looked up
   * @throws the error of the database
   */
  async identify(token: string): Promise<Caller> {
    const key = parseApiKey(token);
    if (!key) throw invalidCredential('The API key does not have the format shop_<prefix>_<secret>.');
    const stored = await this.look(key.prefix);
    if (!stored || !matchesHash(key.secret, stored.secretHash)) throw invalidCredential('The API key is not valid.');
    if (stored.revokedAt) throw invalidCredential(`The API key ${key.prefix} was revoked.`);
    if (stored.expiresAt && stored.expiresAt.getTime() <= this.now()) {
      throw invalidCredential(`The API key ${key.prefix} expired at ${stored.expiresAt.toISOString()}.`);
    }
    return callerOf(stored);
  }

  private look(prefix: string): Promise<StoredApiKey | null> {
    const now = this.now();
    const cached = this.cache.get(prefix);
    if (cached && cached.until > now) return cached.found;
    if (this.lookUps.pendingCount >= LOOK_UPS.maxWaiting) throw retryLater('Too many credentials are being checked.');
    const found = this.lookUps(() => this.find(prefix));
    const entry = { found, until: now + CACHE.maxAgeMs };
    this.cache.delete(prefix); // so that the new entry is the last one
    this.cache.set(prefix, entry);
    const [oldest] = this.cache.keys();
    if (this.cache.size > CACHE.maxKeys && oldest !== undefined) this.cache.delete(oldest);
    const forget = (): void => {
      if (this.cache.get(prefix) === entry) this.cache.delete(prefix);
    };
    // Neither a failure nor a missing key is cached: a new key works immediately.
    found.then((key) => key ?? forget(), forget);
    return found;
  }
}

function callerOf({ prefix, role, customerId }: StoredApiKey): Caller {
  const actor = `api-key:${prefix}`;
  if (role !== 'customer') return { actor, role, customerId: null };
  if (customerId !== null) return { actor, role, customerId };
  throw new Error(`The API key ${prefix} has the role customer and no customer.`); // a CHECK of the table prevents it
}
