import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Catalog } from './catalog';
import { OrderMix } from './order-mix';
import { Schedule } from './schedule';
import type { SimulationSettings } from './settings';
import { codeOf, type ShopAnswer, type ShopClient } from './shop-client';
import type { Tally } from './tally';

const LIMITS = {
  /** Orders whose responses are awaited. Further orders are skipped: an open loop must not send a burst later. */
  posts: 64,
  /** Orders whose settlement is awaited with a request. An instance holds up to 1,000 such requests. */
  waits: 200,
};
const TICK_MS = 10;
/** How long the orders in flight are awaited at the end. */
const DRAIN_MS = 10_000;
const RETRY_MS = 1_000;
const WAIT = '30s';

interface OrderJson {
  orderId: string;
  orderStatus: string;
  orderDate: string | null;
  settledAt?: string | null;
  cancellation?: { code: string } | null;
}

/**
 * Places orders at a constant rate until `stop` is aborted or the time is over. Cancels some of them right after they were
 * accepted, waits for each settlement, and restocks products that run low.
 *
 * @throws {SetupError} if order-management refuses what the simulation needs
 */
export async function simulate(
  settings: Pick<SimulationSettings, 'RATE' | 'DECLINED' | 'CANCELLED' | 'FOR'>,
  { client, catalog, tally, stop }: { client: ShopClient; catalog: Catalog; tally: Tally; stop: AbortSignal },
): Promise<void> {
  const mix = new OrderMix({ declined: settings.DECLINED, cancelled: settings.CANCELLED });
  const limitWaits = pLimit(LIMITS.waits);
  const orders = new Set<Promise<unknown>>();
  let posts = 0;
  let failure: unknown;

  const schedule = new Schedule(settings.RATE, performance.now());
  const endMs = settings.FOR === 0 ? Number.POSITIVE_INFINITY : performance.now() + settings.FOR;
  while (!stop.aborted && !failure && performance.now() < endMs) {
    if (!client.isAvailable) schedule.restart(performance.now());
    else {
      for (let due = schedule.take(performance.now()); due > 0; due--) {
        if (posts < LIMITS.posts) begin();
        else tally.skipped++;
      }
    }
    await delay(TICK_MS);
  }
  tally.endPlacing();
  await Promise.race([Promise.all(orders), delay(DRAIN_MS)]);
  if (failure) throw failure;

  function begin(): void {
    const order = placeAndWatch()
      .catch((error: unknown) => (failure ??= error))
      .finally(() => orders.delete(order));
    orders.add(order);
  }

  async function placeAndWatch(): Promise<void> {
    const kind = mix.next();
    const body = catalog.createOrder(kind);
    posts++;
    const answer = await client.request('POST', '/order', { body }).finally(() => posts--);
    if (answer.status !== 201) {
      tally.refuse(codeOf(answer));
      if (codeOf(answer) === 'insufficient-stock') await catalog.refused(body);
      return;
    }
    tally.accept();
    const restocked = catalog.taken(body);
    const { orderId } = answer.json as OrderJson;
    if (kind === 'cancelled') {
      const { status } = await client.request('POST', `/order/${orderId}/cancel`);
      if (status === 409) tally.lateCancels++;
    }
    await limitWaits(() => watch(orderId, answer));
    await restocked;
  }

  async function watch(orderId: string, accepted: ShopAnswer): Promise<void> {
    const token = accepted.headers.get('Consistency-Token');
    for (;;) {
      const { status, json } = await client.request('GET', `/order/${orderId}?wait=${WAIT}`, { token });
      if (status === 404) return tally.settle('deleted', null);
      const order = json as OrderJson;
      if (status === 200 && order.orderStatus !== 'placed') {
        return tally.settle(order.cancellation?.code ?? order.orderStatus, settledInMs(order));
      }
      if (status !== 200) await delay(RETRY_MS);
    }
  }
}

/** Uses the clock of the database, so the time that a response takes does not count. */
const settledInMs = ({ orderDate, settledAt }: OrderJson): number | null =>
  orderDate && settledAt ? Date.parse(settledAt) - Date.parse(orderDate) : null;
