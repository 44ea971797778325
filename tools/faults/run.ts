import { setTimeout as delay } from 'node:timers/promises';
import { integer, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { z } from 'zod';
import { breakIt, type Nonsense } from './break';
import { figuresOf, load } from './load';
import { planOf } from './plan';
import { Random } from './random';
import { holdsOf } from './settled';
import { ShopUnderTest } from './shop-under-test';
import { onTrial, say } from './trial';

/**
 * What `make test-faults` does: a load on two instances of each service while a plan breaks one thing after the other;
 * then, when all has settled, a look at what must be true whatever has happened. A seed determines plan and load.
 */
const { SEED: seed, ORDERS: orders } = readOrExit(() =>
  readEnvironment(z.object({ SEED: integer(1, 0, 2 ** 31), ORDERS: integer(2_000, 50, 1_000_000) })),
);

async function main(shop: ShopUnderTest): Promise<boolean> {
  const nonsense: Nonsense = { marks: new Set() };
  const plan = planOf(seed, orders);
  // The load waits for the plan, so that each fault meets a burst of orders.
  const progress = { asked: 0, limit: plan[0]!.afterOrders, loaded: false };
  const beforeOrder = async (count: number): Promise<void> => {
    progress.asked = count;
    while (count > progress.limit) await delay(10);
  };
  const loading = load(shop.apis, { orders, seed, beforeOrder });
  const breaking = (async () => {
    const random = new Random(seed + 2);
    for (const [index, { afterOrders, fault }] of plan.entries()) {
      while (progress.asked < afterOrders && !progress.loaded) await delay(10);
      progress.limit = plan[index + 1]?.afterOrders ?? Infinity;
      say(`after ${afterOrders} orders: ${await breakIt(shop, fault, random, nonsense)}`);
    }
  })().finally(() => (progress.limit = Infinity));
  const [result] = await Promise.all([loading.finally(() => (progress.loaded = true)), breaking]);
  say(`${orders} orders asked for: ${figuresOf(result)}`);
  return holdsOf(shop, result, nonsense, say);
}

say(`seed ${seed}, ${orders} orders`);
void onTrial(
  'faults',
  (folder) => ShopUnderTest.at(folder),
  async (shop) => {
    await shop.start();
    say('both services twice, PostgreSQL, RabbitMQ and Temporal are up');
    return main(shop);
  },
  `make test-faults SEED=${seed} ORDERS=${orders}`,
);
