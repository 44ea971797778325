import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { integer, readEnvironment, readOrExit } from '@shop/service/environment';
import { z } from 'zod';
import { breakIt, type Nonsense } from './break';
import { figuresOf, load } from './load';
import { planOf } from './plan';
import { Random } from './random';
import { holdsOf } from './settled';
import { untilInterrupted } from './interrupted';
import { ShopUnderTest } from './shop-under-test';

/**
 * What `make test-faults` does: a load on two instances of each service while a plan breaks one thing after the other;
 * then, when all has settled, a look at what must be true whatever has happened. A seed determines plan and load.
 */
const { SEED: seed, ORDERS: orders } = readOrExit(() =>
  readEnvironment(z.object({ SEED: integer(1, 0, 2 ** 31), ORDERS: integer(2_000, 50, 1_000_000) })),
);
const began = Date.now();
const say = (line: string): void =>
  void process.stdout.write(`${((Date.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${line}\n`);

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

async function run(): Promise<void> {
  say(`seed ${seed}, ${orders} orders`);
  const folder = mkdtempSync(join(tmpdir(), 'order-placement-faults-'));
  chmodSync(folder, 0o755); // PostgreSQL, which does not run as root, works in it
  let shop: ShopUnderTest | null = null;
  let holds = false;
  try {
    const under = (shop = await ShopUnderTest.at(folder));
    const all = async (): Promise<boolean> => {
      await under.start();
      say('both services twice, PostgreSQL, RabbitMQ and Temporal are up');
      return main(under);
    };
    holds = await untilInterrupted(all());
  } catch (error) {
    say(String(error instanceof Error ? error.stack : error));
  }
  await shop?.stop();
  if (holds) rmSync(folder, { recursive: true, force: true });
  else say(`logs are in ${join(folder, 'logs')}; again: make test-faults SEED=${seed} ORDERS=${orders}`);
  say(holds ? 'all holds' : 'FAILED');
  process.exit(holds ? 0 : 1);
}

void run();
