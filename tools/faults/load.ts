import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { Random } from './random';

const CUSTOMER_ID = PREDEFINED_CUSTOMER.customerId;
const CLIENTS = 12;
const ANSWER_WITHIN_MS = 10_000;
const GIVE_UP_AFTER_MS = 120_000;

export interface LoadResult {
  /** The order that each key was answered with. */
  accepted: Map<string, string>;
  stock: Map<string, number>;
  outOfStock: number;
  cancelled: number;
  deleted: number;
  /** Answers that were none, or 503: the client asked again, with the same key. */
  triedAgain: number;
  /** Answers that should never be. */
  wrong: string[];
}

export interface LoadOptions {
  /** How many orders to ask for at most. */
  orders: number;
  /** Determines what each order is, and what is done with it, however long others take. */
  seed: number;
  /** Hears how many orders have been asked for; the next waits for it. */
  beforeOrder: (count: number) => Promise<void>;
  /** Hears of each answer by its status; of none where there was none. */
  onAnswer?: (status: number | null) => void;
  /** Does something with an order that was just accepted, given the answer's headers. */
  onAccepted?: (orderId: string, headers: Headers) => Promise<void>;
  /** No further orders are asked for once it is aborted. */
  enough?: AbortSignal;
}

/**
 * Orders from both services with a dozen clients, which cancel some orders and delete others. A client that gets no
 * answer asks again with the same key, whichever instance it gets.
 */
export async function load(
  apis: string[],
  { orders, seed, beforeOrder, onAnswer, onAccepted, enough }: LoadOptions,
): Promise<LoadResult> {
  const result: LoadResult = {
    accepted: new Map(),
    stock: new Map(),
    outOfStock: 0,
    cancelled: 0,
    deleted: 0,
    triedAgain: 0,
    wrong: [],
  };
  const product = async (name: string, price: number, quantityAvailable: number): Promise<string> => {
    const body = { name, price, description: '', quantityAvailable, productType: 'Test' };
    const { json } = await ask('POST', '/product', body, randomUUID(), new Random(seed));
    const { productId } = json as { productId: string };
    result.stock.set(productId, quantityAvailable);
    return productId;
  };
  const cheap = await product('Cheap', 10, 1_000_000);
  const dear = await product('Dear', 600, 1_000_000);
  const scarce = await product('Scarce', 20, Math.ceil(orders / 20));

  let asked = 0;
  const isWanted = (): boolean => asked < orders && !enough?.aborted;
  const client = async (): Promise<void> => {
    while (isWanted()) {
      const number = ++asked;
      await beforeOrder(number);
      await order(new Random(seed * 1_000_003 + number));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return result;

  async function order(random: Random): Promise<void> {
    const key = randomUUID();
    const products = [
      ...(random.chance(0.8) ? [{ productId: cheap, orderedQuantity: random.between(1, 3) }] : []),
      ...(random.chance(0.1) ? [{ productId: scarce, orderedQuantity: 1 }] : []),
      { productId: dear, orderedQuantity: random.chance(0.2) ? 2 : 1 }, // two are more than can be paid
    ];
    const [cancels, deletes, afterMs] = [random.chance(0.1), random.chance(0.03), random.between(0, 200)];
    const { status, json, headers } = await ask('POST', '/order', { customerId: CUSTOMER_ID, products }, key, random);
    if (status === 409) result.outOfStock++;
    else if (status !== 201) result.wrong.push(`POST /order answered ${status}: ${JSON.stringify(json)}`);
    if (status !== 201) return;
    const { orderId } = json as { orderId: string };
    result.accepted.set(key, orderId);
    await onAccepted?.(orderId, headers);
    if (!cancels && !deletes) return;
    await delay(afterMs);
    if (cancels) {
      const answer = await ask('POST', `/order/${orderId}/cancel`, undefined, key, random);
      if (answer.status === 202) result.cancelled++;
      else if (answer.status !== 409) result.wrong.push(`cancelling ${orderId} answered ${answer.status}`);
    } else {
      const answer = await ask('DELETE', `/order/${orderId}`, undefined, key, random);
      if (answer.status === 200) result.deleted++;
      else if (answer.status !== 404) result.wrong.push(`deleting ${orderId} answered ${answer.status}`); // asked twice
    }
  }

  /** Asks until there is an answer, whichever instance that comes from. */
  async function ask(
    method: string,
    path: string,
    body: object | undefined,
    key: string,
    random: Random,
  ): Promise<{ status: number; json: unknown; headers: Headers }> {
    let failure: unknown;
    for (const end = Date.now() + GIVE_UP_AFTER_MS; ; await delay(200)) {
      const api = apis[random.between(0, apis.length - 1)];
      try {
        const response = await fetch(`${api}${path}`, {
          method,
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
          ...(body ? { body: JSON.stringify(body) } : {}),
          signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        });
        const answer = await response.text();
        onAnswer?.(response.status);
        if (![502, 503, 504].includes(response.status)) {
          return { status: response.status, json: JSON.parse(answer) as unknown, headers: response.headers };
        }
        failure = answer;
      } catch (error) {
        onAnswer?.(null);
        failure = error;
      }
      if (Date.now() > end) throw new Error(`${method} ${path} has had no answer for 2 minutes`, { cause: failure });
      result.triedAgain++;
    }
  }
}

/** What came of a load, in a line. */
export const figuresOf = ({ accepted, outOfStock, cancelled, deleted, triedAgain }: LoadResult): string =>
  `${accepted.size} accepted, ${outOfStock} out of stock, ${cancelled} cancels and ${deleted} deletes taken, asked again ${triedAgain} times`;
