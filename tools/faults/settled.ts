import { setTimeout as delay } from 'node:timers/promises';
import { runningWorkflows, type Nonsense } from './break';
import { withDatabase } from '@shop/dev/with-database';
import { retryQueue } from '@shop/amqp/topology';
import { INVARIANTS } from './invariants';
import type { LoadResult } from './load';
import { parkedIn, waitingIn } from './messages';

/** Where what there is to look at can be reached. */
export interface Shop {
  databaseUrl: string;
  amqpUrl: string;
  temporalAddress: string;
  /** Of every instance of both services. */
  serviceUrls: string[];
}

const SETTLES_WITHIN_MS = 240_000;
const WORKS_WITHIN_MS = 60_000;

/** Waits until nothing is left to do. @returns how long that took; null where there is still something */
async function settle(shop: Shop): Promise<number | null> {
  const start = Date.now();
  while (Date.now() - start < SETTLES_WITHIN_MS) {
    const left = await leftToDo(shop).catch(() => 1);
    if (left === 0) return Date.now() - start;
    await delay(500);
  }
  return null;
}

async function leftToDo(shop: Shop): Promise<number> {
  const placed = await withDatabase(shop.databaseUrl, async (sql) => {
    const { rows } = await sql.query<{ count: number }>(
      "SELECT (SELECT count(*) FROM orders WHERE order_status = 'placed')::int + (SELECT count(*) FROM refunds_due)::int AS count",
    );
    return rows[0]?.count ?? 0;
  });
  return placed + (await underWay(shop)).length + (await runningWorkflows(shop.temporalAddress));
}

/** The messages that are still to be handled, those that wait for another try included. */
const underWay = async ({ amqpUrl }: Shop): Promise<string[]> => [
  ...(await waitingIn(amqpUrl, ({ queue }) => queue)),
  ...(await waitingIn(amqpUrl, retryQueue)),
];

/** Why an instance does not do all of its work, in a line; nothing where it does: others may do it, and hide that. */
async function idleness(url: string): Promise<string[]> {
  let answer = 'nothing';
  for (const end = Date.now() + WORKS_WITHIN_MS; Date.now() < end; await delay(500)) {
    try {
      answer = await (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })).text();
      const { ready, checks } = JSON.parse(answer) as { ready: boolean; checks: Record<string, string> };
      if (ready && checks['broker'] === 'consuming' && checks['temporal'] === 'working') return [];
    } catch (error) {
      answer = String(error);
    }
  }
  return [`${url} says ${answer}`];
}

/** Waits until a shop has settled, and looks at what must be true of it then. @returns whether all of it is */
export async function holdsOf(
  shop: Shop,
  result: LoadResult,
  nonsense: Nonsense,
  say: (line: string) => void,
): Promise<boolean> {
  const settledAfter = await settle(shop);
  let holds = settledAfter !== null;
  say(holds ? `settled ${(settledAfter! / 1_000).toFixed(1)} s later` : 'BROKEN  it settles: not in time');
  const tell = (name: string, violations: string[]): void => {
    say(`${violations.length === 0 ? 'holds ' : 'BROKEN'}  ${name}`);
    for (const violation of violations.slice(0, 10)) say(`          ${violation}`);
    if (violations.length > 10) say(`          and ${violations.length - 10} more`);
    if (violations.length > 0) holds = false;
  };
  await withDatabase(shop.databaseUrl, async (sql) => {
    for (const { name, violations } of INVARIANTS) tell(name, await violations(sql, result));
    const { rows } = await sql.query<{ order_status: string; count: number }>(
      'SELECT order_status, count(*)::int AS count FROM orders GROUP BY 1 ORDER BY 1',
    );
    say(`        ${rows.map(({ order_status, count }) => `${count} ${order_status}`).join(', ')}`);
  });
  const running = await runningWorkflows(shop.temporalAddress);
  tell('no saga and no refund runs any more', running === 0 ? [] : [`${running} run`]);
  tell('no message waits', await underWay(shop));
  const parked = await parkedIn(shop.amqpUrl);
  const isNonsense = (content: string): boolean => [...nonsense.marks].some((mark) => content.includes(mark));
  const lost = [...nonsense.marks].filter((mark) => !parked.some((content) => content.includes(mark)));
  tell('nonsense is parked, and nothing else', [
    ...parked.filter((content) => !isNonsense(content)).map((content) => `parked: ${content}`),
    ...lost.map((mark) => `not parked: ${mark}`),
  ]);
  tell('every instance works again', (await Promise.all(shop.serviceUrls.map(idleness))).flat());
  tell('every answer was one that a client can expect', result.wrong);
  return holds;
}
