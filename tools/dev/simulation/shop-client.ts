import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Print } from '../progress';
import { durationText } from '../progress';
import { SetupError } from '../setup-error';

const API = '/orderManagement';
/** Longer than any request is held: `?wait=` takes at most 30 s here. */
const RESPONSE_TIMEOUT_MS = 45_000;
const PROBE_INTERVAL_MS = 1_000;
const PROBE_TIMEOUT_MS = 5_000;
/** What a load balancer answers if no instance is available. */
const NO_INSTANCE = [502, 503, 504];

export interface ShopAnswer {
  status: number;
  json: unknown;
  headers: Headers;
}

export interface ShopClientOptions {
  /** The address of order-management, without a path. */
  url: string;
  apiKey: string | undefined;
  print: Print;
}

/**
 * A client of order-management's REST API that waits while the service is unavailable. A request that received no
 * response is then repeated with the same `Idempotency-Key`, so no order is placed twice.
 */
export class ShopClient {
  private outage: Promise<void> | null = null;

  constructor(private readonly options: ShopClientOptions) {}

  /** Whether the last request received a response. */
  get isAvailable(): boolean {
    return this.outage === null;
  }

  /**
   * Waits until order-management is available.
   *
   * @throws {SetupError} if another server answers at the address
   */
  async connect(): Promise<void> {
    const { status } = await this.request('GET', '/health');
    if (status !== 200) {
      throw new SetupError(
        `URL=${this.options.url} is not the address of order-management: GET ${API}/health answered ${status}. ` +
          'Use, for example, URL=http://localhost:8001.',
      );
    }
  }

  /**
   * Sends a request, and repeats it as long as order-management is unavailable.
   *
   * @throws {SetupError} if the credential is missing or may not do this
   */
  async request(
    method: string,
    path: string,
    { body, token = null }: { body?: object; token?: string | null } = {},
  ): Promise<ShopAnswer> {
    const key = randomUUID();
    for (;;) {
      await this.outage;
      const answer = await this.send(method, path, { body, token, key }).catch((error: unknown) => error as Error);
      if (answer instanceof Error) {
        this.outage ??= this.waitForRecovery(reasonOf(answer)).finally(() => (this.outage = null));
      } else if (answer.status === 401 || answer.status === 403) {
        throw new SetupError(
          `${describe(method, path, answer)} Set SHOP_API_KEY to a key with the ` +
            'role operator, which this command creates: make api-keys ARGS="create --name simulate --role operator"',
        );
      } else return answer;
    }
  }

  /** Sends a request as `request` does. @throws {SetupError} if the response is not a success */
  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.request(method, path, body ? { body } : {});
    if (answer.status >= 300) {
      throw new SetupError(describe(method, path, answer));
    }
    return answer.json as T;
  }

  private async send(
    method: string,
    path: string,
    { body, token, key }: { body: object | undefined; token: string | null; key: string },
  ): Promise<ShopAnswer> {
    const { url, apiKey } = this.options;
    const response = await fetch(`${url}${API}${path}`, {
      method,
      headers: {
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        ...(method === 'POST' ? { 'Idempotency-Key': key } : {}),
        ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}),
        ...(token ? { 'Consistency-Token': token } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
    });
    const text = await response.text();
    const isOwn = /json/.test(response.headers.get('Content-Type') ?? '');
    if (NO_INSTANCE.includes(response.status) && !isOwn) throw new Error(`answer ${response.status}`);
    return { status: response.status, json: isOwn ? JSON.parse(text) : text, headers: response.headers };
  }

  private async waitForRecovery(reason: string): Promise<void> {
    const { url, print } = this.options;
    const startedAt = Date.now();
    let isAnnounced = false;
    for (;;) {
      const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
      const response = await fetch(`${url}${API}/health`, { signal }).catch(() => null);
      await response?.body?.cancel();
      if (response && !NO_INSTANCE.includes(response.status)) break;
      if (!isAnnounced) print(`order-management at ${url} is unavailable (${reason}). Waiting for it.`);
      isAnnounced = true;
      await delay(PROBE_INTERVAL_MS);
    }
    if (isAnnounced) print(`order-management is available again after ${durationText(Date.now() - startedAt)}.`);
  }
}

/** Returns the code of a problem; the status if the answer is none. */
export const codeOf = ({ status, json }: ShopAnswer): string =>
  json !== null && typeof json === 'object' && 'code' in json ? String(json.code) : String(status);

const describe = (method: string, path: string, answer: ShopAnswer): string =>
  `${method} ${path.replace(/\?.*/, '')} was answered with ${answer.status}: ${detailOf(answer)}`;

const detailOf = ({ json }: ShopAnswer): string =>
  json !== null && typeof json === 'object' && 'detail' in json ? String(json.detail) : JSON.stringify(json);

/** The message of `fetch` is only "fetch failed"; its cause names the reason. */
function reasonOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
