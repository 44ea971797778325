import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import * as fc from 'fast-check';
import { between, sample, sometimes } from './sampling';

const CLIENTS = 12;
const REQUEST_TIMEOUT_MS = 10_000;
const GIVE_UP_AFTER_MS = 120_000;
const RETRY_DELAY_MS = 200;
const RETRIED_STATUSES = [502, 503, 504];

/** What a client does with one order. */
interface PlannedOrder {
  cheap: number;
  scarce: number;
  expensive: number;
  /** What the client does with the order after it was accepted. */
  action: 'cancel' | 'delete' | null;
  actionAfterMs: number;
  /** The instance that receives the first request; each retry goes to the next one. */
  firstInstance: number;
}

const plannedOrder: fc.Arbitrary<PlannedOrder> = fc.record({
  cheap: sometimes(80, between(1, 3), 0),
  scarce: sometimes(10, fc.constant(1), 0),
  expensive: sometimes(20, fc.constant(2), 1), // two units exceed the payment limit
  action: fc.oneof(
    { weight: 10, arbitrary: fc.constant('cancel' as const) },
    { weight: 3, arbitrary: fc.constant('delete' as const) },
    { weight: 87, arbitrary: fc.constant(null) },
  ),
  actionAfterMs: between(0, 200),
  firstInstance: fc.nat(),
});

export interface LoadResult {
  /** The id of each order that was answered 201, by its `Idempotency-Key`. */
  accepted: Map<string, string>;
  /** The initial stock of each product, by its id. */
  stock: Map<string, number>;
  rejectedForStock: number;
  /** Cancellations that were answered 202. */
  cancelled: number;
  /** Deletions that were answered 200. */
  deleted: number;
  /** Requests that were repeated with the same key, after a 502, 503 or 504 or no response. */
  retries: number;
  /** One line per response that no client should receive. */
  unexpectedResponses: string[];
}

export interface LoadOptions {
  /** The number of orders to place at most. */
  orders: number;
  /** Determines the content of each order and what is done with it, regardless of how long the responses take. */
  seed: number;
  /** Is called with the number of each order; the client waits for it before it places the order. */
  beforeOrder: (number: number) => Promise<void>;
  /** Receives the status of each response; null if there was none. */
  onResponse?: (status: number | null) => void;
  /** Is called with each accepted order and the headers of its response. */
  onAccepted?: (orderId: string, headers: Headers) => Promise<void>;
  /** Stops the load: no further orders are placed. */
  signal?: AbortSignal;
}

/**
 * Places orders with a dozen clients, and cancels or deletes some of them. A client that receives no response repeats the
 * request with the same `Idempotency-Key`, at the next instance.
 *
 * @param apis the REST API of each instance
 * @throws {Error} if a request fails for two minutes
 */
export async function load(
  apis: string[],
  { orders, seed, beforeOrder, onResponse, onAccepted, signal }: LoadOptions,
): Promise<LoadResult> {
  const result: LoadResult = {
    accepted: new Map(),
    stock: new Map(),
    rejectedForStock: 0,
    cancelled: 0,
    deleted: 0,
    retries: 0,
    unexpectedResponses: [],
  };
  const planned = sample(plannedOrder, { seed, count: orders });
  const createProduct = async (name: string, price: number, quantityAvailable: number): Promise<string> => {
    const body = { name, price, description: '', quantityAvailable, productType: 'Test' };
    const { json } = await send('POST', '/product', { body, key: randomUUID(), firstInstance: 0 });
    const { productId } = json as { productId: string };
    result.stock.set(productId, quantityAvailable);
    return productId;
  };
  const products = {
    cheap: await createProduct('Cheap', 10, 1_000_000),
    scarce: await createProduct('Scarce', 20, Math.ceil(orders / 20)),
    expensive: await createProduct('Expensive', 600, 1_000_000),
  };

  const remaining = planned.entries();
  const client = async (): Promise<void> => {
    for (const [index, order] of remaining) {
      if (signal?.aborted) return;
      await beforeOrder(index + 1);
      await place(order);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return result;

  async function place({ action, actionAfterMs, firstInstance, ...quantities }: PlannedOrder): Promise<void> {
    const key = randomUUID();
    const lines = (['cheap', 'scarce', 'expensive'] as const)
      .filter((name) => quantities[name] > 0)
      .map((name) => ({ productId: products[name], orderedQuantity: quantities[name] }));
    const body = { customerId: PREDEFINED_CUSTOMER.customerId, products: lines };
    const { status, json, headers } = await send('POST', '/order', { body, key, firstInstance });
    if (status === 409) result.rejectedForStock++;
    else if (status !== 201) unexpected('POST /order', status, json);
    if (status !== 201) return;
    const { orderId } = json as { orderId: string };
    result.accepted.set(key, orderId);
    await onAccepted?.(orderId, headers);
    if (action === null) return;
    await delay(actionAfterMs);
    if (action === 'cancel') {
      const response = await send('POST', `/order/${orderId}/cancel`, { key, firstInstance });
      if (response.status === 202) result.cancelled++;
      else if (response.status !== 409) unexpected(`POST /order/${orderId}/cancel`, response.status, response.json);
    } else {
      const response = await send('DELETE', `/order/${orderId}`, { key, firstInstance });
      if (response.status === 200) result.deleted++;
      // A repeated request finds the order deleted.
      else if (response.status !== 404) unexpected(`DELETE /order/${orderId}`, response.status, response.json);
    }
  }

  function unexpected(request: string, status: number, json: unknown): void {
    result.unexpectedResponses.push(`${request} answered ${status}: ${JSON.stringify(json)}`);
  }

  /** Sends a request to one instance after the other until one answers. */
  async function send(
    method: string,
    path: string,
    { body, key, firstInstance }: { body?: object; key: string; firstInstance: number },
  ): Promise<{ status: number; json: unknown; headers: Headers }> {
    let failure: unknown;
    const end = Date.now() + GIVE_UP_AFTER_MS;
    for (let instance = firstInstance; ; instance++) {
      const api = apis[instance % apis.length];
      try {
        const response = await fetch(`${api}${path}`, {
          method,
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
          ...(body ? { body: JSON.stringify(body) } : {}),
          signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        });
        const text = await response.text();
        onResponse?.(response.status);
        if (!RETRIED_STATUSES.includes(response.status)) {
          return { status: response.status, json: JSON.parse(text) as unknown, headers: response.headers };
        }
        failure = text;
      } catch (error) {
        onResponse?.(null);
        failure = error;
      }
      if (Date.now() > end) throw new Error(`${method} ${path} failed for 2 minutes`, { cause: failure });
      result.retries++;
      await delay(RETRY_DELAY_MS);
    }
  }
}

/** Describes the result of a load in one line. */
export const describeLoad = ({ accepted, rejectedForStock, cancelled, deleted, retries }: LoadResult): string =>
  `${accepted.size} orders accepted, ${rejectedForStock} rejected for lack of stock, ${cancelled} cancel requests and ` +
  `${deleted} deletions accepted, ${retries} requests repeated`;
