import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import * as fc from 'fast-check';
import pLimit from 'p-limit';
import { INTERNAL_DETAILS } from '../internal-details';
import { fuzzRequest, type FuzzRequest } from './fuzz-requests';
import { allOperations, send, type ServiceRequest } from './requests';
import { ServedShop } from './served-shop';

// Sends requests that are generated from the OpenAPI documents to both services. Every response must be one that the
// document describes, without internal details. `make fuzz REQUESTS=10000 SEED=1` selects how many, and which.

const REQUESTS = Number(process.env['REQUESTS'] || 10_000);
const SEED = Number(process.env['SEED'] || 22);
const CONCURRENT = 8;

let shop: ServedShop;
beforeAll(async () => void (shop = await ServedShop.start('fuzz')));
afterAll(() => shop.end());

/** How many responses each operation gave, by status. */
class Counts {
  private readonly counts = new Map<string, Map<number, number>>();

  add({ operation: { service, id } }: FuzzRequest, status: number): void {
    const key = `${service} ${id}`;
    const ofOperation = this.counts.get(key) ?? new Map<number, number>();
    this.counts.set(key, ofOperation.set(status, (ofOperation.get(status) ?? 0) + 1));
  }

  statusesOf(service: string, id: string): number[] {
    return [...(this.counts.get(`${service} ${id}`)?.keys() ?? [])];
  }

  print(): void {
    const lines = [...this.counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, byStatus]) => {
        const statuses = [...byStatus].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
        return `  ${key.padEnd(44)} ${statuses.join(', ')}`;
      });
    process.stdout.write(
      `${REQUESTS} requests, seed ${SEED}; responses by operation and status:\n${lines.join('\n')}\n`,
    );
  }
}

/** The detail of a problem, without the path, which a client may have given any name. */
const ownWordsOf = (text: string, { target }: ServiceRequest): string =>
  text === ''
    ? ''
    : ((JSON.parse(text) as { detail?: string }).detail?.replaceAll(target.replace(/\?.*/s, ''), '') ?? '');

/** Sends a request. @returns what is wrong with the response; null if nothing is */
async function faultOf({ operation, request }: FuzzRequest, counts: Counts): Promise<string | null> {
  try {
    const { status, text } = await send(shop.urlOf(operation.service), operation.service, request);
    counts.add({ operation, request }, status);
    // The servers are available, so a 503 may only mean an overload: errors of unknown causes are `service-unavailable`, too.
    if (status >= 500 && (status !== 503 || text.includes('"code":"service-unavailable"'))) return `${status} ${text}`;
    return status >= 400 && INTERNAL_DETAILS.test(ownWordsOf(text, request)) ? text : null;
  } catch (error) {
    return String(error);
  }
}

test('every response to a generated request is described, and contains no internal details', async () => {
  const orders = await Promise.all(Array.from({ length: 20 }, () => shop.aShippedOrder()));
  const payments = await Promise.all(Array.from({ length: 5 }, () => shop.aPayment()));
  const products = await Promise.all(Array.from({ length: 5 }, () => shop.aProduct()));
  const { customerId } = PREDEFINED_CUSTOMER;
  const requests = fc.sample(fuzzRequest([customerId, ...orders, ...payments, ...products]), {
    numRuns: REQUESTS,
    seed: SEED,
  });
  const [counts, limit, faults] = [new Counts(), pLimit(CONCURRENT), [] as object[]];

  await Promise.all(
    requests.map((one) =>
      limit(async () => {
        const fault = await faultOf(one, counts);
        if (fault !== null) faults.push({ fault, request: one.request });
      }),
    ),
  );

  counts.print();
  expect(faults.slice(0, 5)).toEqual([]);
  for (const { service, id } of REQUESTS >= 5_000 ? allOperations() : []) {
    const isReached = counts.statusesOf(service, id).some((status) => status < 300 || status === 409);
    expect([service, id, isReached]).toEqual([service, id, true]);
  }
}, 600_000);
