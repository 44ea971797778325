import { setTimeout as delay } from 'node:timers/promises';
import { integer, readEnvironment, readOrExit } from '@shop/runtime/environment';
import { SetupError } from '@shop/dev/setup-error';
import { z } from 'zod';
import { causeFault } from './fault-injection';
import { planOf } from './fault-plan';
import { checkFinalState } from './final-checks';
import { describeLoad, load } from './load';
import { hasOwnNetwork, runInOwnNetwork } from './own-network';
import { SystemUnderTest } from './system-under-test';
import { print, runSystemTest } from './test-run';

/**
 * Runs `make test-faults`: clients place orders at two instances of each service, while a plan causes one fault after the
 * other. When everything has settled, the test checks the invariants. A seed determines the plan and the load.
 */
const { SEED: seed, ORDERS: orders } = readOrExit(() =>
  readEnvironment(z.object({ SEED: integer(1, 0, 2 ** 31 - 1), ORDERS: integer(2_000, 50, 1_000_000) })),
);

async function main(system: SystemUnderTest): Promise<boolean> {
  const invalidMessages = new Set<string>();
  const plan = planOf(seed, orders);
  // The load waits for the plan, so that orders are in flight during each fault.
  const progress = { placed: 0, limit: plan[0]!.afterOrders, loadHasEnded: false };
  const beforeOrder = async (number: number): Promise<void> => {
    progress.placed = number;
    while (number > progress.limit) await delay(10);
  };
  const causeFaults = async (): Promise<void> => {
    for (const [index, { afterOrders, fault }] of plan.entries()) {
      while (progress.placed < afterOrders && !progress.loadHasEnded) await delay(10);
      progress.limit = plan[index + 1]?.afterOrders ?? Infinity;
      await system.restartTemporalIfStoreHangs();
      const report = await causeFault(system, fault);
      for (const id of report.invalidMessages ?? []) invalidMessages.add(id);
      print(`after ${afterOrders} orders: ${report.description}`);
    }
  };
  const [result] = await Promise.all([
    load(system.apis, { orders, seed, beforeOrder }).finally(() => (progress.loadHasEnded = true)),
    causeFaults().finally(() => (progress.limit = Infinity)),
  ]);
  print(`after ${orders} orders: ${describeLoad(result)}`);
  return checkFinalState(system, result, invalidMessages, print);
}

async function run(): Promise<void> {
  if (!hasOwnNetwork()) await SystemUnderTest.findPrograms(); // before there is no network to download them
  if (await runInOwnNetwork()) return;
  print(`Seed ${seed}, ${orders} orders`);
  await runSystemTest({
    name: 'faults',
    setUp: (folder) => SystemUnderTest.create(folder),
    check: async (system) => {
      await system.start();
      print('Started PostgreSQL, RabbitMQ, Temporal and two instances of each service');
      return main(system);
    },
    repeatCommand: `make test-faults SEED=${seed} ORDERS=${orders}`,
  });
}

run().catch((error: unknown) => {
  print(error instanceof SetupError ? error.message : String(error instanceof Error ? error.stack : error));
  process.exitCode = 1;
});
