import { setTimeout as delay } from 'node:timers/promises';
import { retryQueue } from '@shop/amqp/topology';
import type { Print } from '@shop/dev/progress';
import { withDatabase } from '@shop/dev/with-database';
import { INVARIANTS, sentence } from './invariants';
import type { LoadResult } from './load';
import { messagesIn, parkedMessages } from './messages';
import { countRunningWorkflows } from './temporal-workflows';

/** The addresses of a system that is checked. */
export interface CheckedSystem {
  databaseUrl: string;
  amqpUrl: string;
  temporalAddress: string;
  /** The URLs of all instances of both services. */
  serviceUrls: string[];
  /** Repairs failures that the test does not cover; is called repeatedly while the system settles. */
  restartTemporalIfStoreHangs?: () => Promise<void>;
}

const SETTLE_TIMEOUT_MS = 240_000;
const WORK_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 5_000;
const PRINTED_VIOLATIONS = 10;
/** The broker delivers a copy by each key of a CC or BCC header, and a fault may repeat each copy. A loop parks thousands. */
const MAX_COPIES = 6;

/** Prints whether a check has passed. */
export const printVerdict = (print: Print, passed: boolean, statement: string): void =>
  print(`${passed ? 'passed' : 'FAILED'}  ${statement}`);

/**
 * Waits until a system has settled, then checks its tables, queues, workflows and instances, and prints each result.
 *
 * @param invalidMessages the ids of the invalid messages that were published
 * @returns whether all checks have passed
 */
export async function checkFinalState(
  system: CheckedSystem,
  result: LoadResult,
  invalidMessages: ReadonlySet<string>,
  print: Print,
): Promise<boolean> {
  const settledAfterMs = await waitUntilSettled(system);
  let allPassed = settledAfterMs !== null;
  printVerdict(
    print,
    allPassed,
    settledAfterMs === null
      ? `the system did not settle within ${SETTLE_TIMEOUT_MS / 1_000} s after the load`
      : `the system settled ${(settledAfterMs / 1_000).toFixed(1)} s after the load`,
  );
  const report = (statement: (count: number) => string, violations: string[]): void => {
    printVerdict(print, violations.length === 0, statement(violations.length));
    for (const violation of violations.slice(0, PRINTED_VIOLATIONS)) print(`          ${violation}`);
    if (violations.length > PRINTED_VIOLATIONS) print(`          and ${violations.length - PRINTED_VIOLATIONS} more`);
    if (violations.length > 0) allPassed = false;
  };
  await withDatabase(system.databaseUrl, async (sql) => {
    for (const { statement, violations } of INVARIANTS) report(statement, await violations(sql, result));
    const { rows } = await sql.query<{ outcome: string; count: number }>(
      "SELECT concat_ws(': ', order_status, cancellation_code) AS outcome, count(*)::int AS count FROM orders GROUP BY 1 ORDER BY 1",
    );
    for (const { outcome, count } of rows) print(`        ${String(count).padStart(6)} orders ${outcome}`);
  });
  const running = await countRunningWorkflows(system.temporalAddress);
  report(
    sentence('saga or refund is still running', 'sagas or refunds are still running'),
    Array.from({ length: running }, () => "see Temporal's list of running workflows"),
  );
  report(sentence('message is still queued', 'messages are still queued'), await queuedMessages(system));
  const parked = await parkedMessages(system.amqpUrl);
  report(
    sentence('valid message is parked', 'valid messages are parked'),
    parked.filter((content) => ![...invalidMessages].some((id) => content.includes(id))),
  );
  report(
    sentence('invalid message is not parked', 'invalid messages are not parked'),
    [...invalidMessages].filter((id) => !parked.some((content) => content.includes(id))),
  );
  report(
    sentence(`message is parked more than ${MAX_COPIES} times`, `messages are parked more than ${MAX_COPIES} times`),
    [...invalidMessages].filter((id) => parked.filter((content) => content.includes(id)).length > MAX_COPIES),
  );
  report(
    sentence('service instance does not work', 'service instances do not work'),
    (await Promise.all(system.serviceUrls.map(failuresOf))).flat(),
  );
  report(sentence('response was not documented', 'responses were not documented'), result.unexpectedResponses);
  return allPassed;
}

/** Waits until nothing is in flight. @returns how long that took, in ms; null if something still is */
async function waitUntilSettled(system: CheckedSystem): Promise<number | null> {
  const startedAt = Date.now();
  while (Date.now() - startedAt < SETTLE_TIMEOUT_MS) {
    const inFlight = await countInFlight(system).catch(() => 1);
    if (inFlight === 0) return Date.now() - startedAt;
    await system.restartTemporalIfStoreHangs?.();
    await delay(500);
  }
  return null;
}

async function countInFlight(system: CheckedSystem): Promise<number> {
  const unsettled = await withDatabase(system.databaseUrl, async (sql) => {
    const { rows } = await sql.query<{ count: number }>(
      "SELECT (SELECT count(*) FROM orders WHERE order_status = 'placed')::int + (SELECT count(*) FROM refunds_due)::int AS count",
    );
    return rows[0]?.count ?? 0;
  });
  return unsettled + (await queuedMessages(system)).length + (await countRunningWorkflows(system.temporalAddress));
}

/** Returns the messages that are to be handled, including those that wait for a retry. */
const queuedMessages = async ({ amqpUrl }: CheckedSystem): Promise<string[]> => [
  ...(await messagesIn(amqpUrl, ({ queue }) => queue)),
  ...(await messagesIn(amqpUrl, retryQueue)),
];

/**
 * Waits until an instance serves, consumes messages and polls Temporal. Each instance is checked, because the others
 * would do the work of one that does not.
 *
 * @returns a line if it does not within a minute
 */
async function failuresOf(url: string): Promise<string[]> {
  let answer = 'nothing';
  for (const end = Date.now() + WORK_TIMEOUT_MS; Date.now() < end; await delay(500)) {
    try {
      answer = await (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })).text();
      const { ready, checks } = JSON.parse(answer) as { ready: boolean; checks: Record<string, string> };
      if (ready && checks['broker'] === 'consuming' && checks['temporal'] === 'working') return [];
    } catch (error) {
      answer = String(error);
    }
  }
  return [`${url}/readyz answered ${answer}`];
}
