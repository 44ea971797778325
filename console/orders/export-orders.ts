import { answerOf, linkedQuery, orders, type Answer, type Order } from '../api/client';
import { pause } from '../api/pause';
import { ApiProblem } from '../api/problem';
import { toCsv } from '../format/csv';
import { toLocalInput } from '../format/time';
import { linesOf, orderTotal } from './order-lines';
import { toApiQuery, withPageOf } from './order-query';

/** More rows than this make a file that spreadsheets open slowly. */
const MAX_ROWS = 100_000;
const PAGE = '1000';
/** How often a page is requested during an outage or at a limit: for about a minute. */
const MAX_TRIES = 12;
const HEADINGS = [
  'order id',
  'placed at',
  'order status',
  'payment status',
  'reason code',
  'reason',
  'customer id',
  'products',
  'total in dollars',
];

/** What was exported. */
export interface Exported {
  rows: number;
  /** Whether these are all orders that match. */
  isComplete: boolean;
}

/**
 * Saves all orders that match a query as a CSV file, not only those of its page. After an outage and at a limit, it waits and
 * continues.
 *
 * @param onProgress called with the number of orders after each page
 * @throws {ApiProblem} if a page cannot be read
 */
export async function exportOrders(
  query: URLSearchParams,
  { onProgress, signal }: { onProgress: (rows: number) => void; signal: AbortSignal },
): Promise<Exported> {
  const rows: (string | number | null)[][] = [HEADINGS];
  let page: URLSearchParams | null = toApiQuery(query, PAGE);
  while (page && rows.length <= MAX_ROWS) {
    const { data, headers }: Answer<Order[]> = await readPage(page, signal);
    rows.push(...data.map(toRow));
    onProgress(rows.length - 1);
    const next = linkedQuery(headers, 'next');
    page = next && toApiQuery(withPageOf(query, next), PAGE);
  }
  save(toCsv(rows), `orders-${toLocalInput(new Date().toISOString()).slice(0, 10)}.csv`);
  return { rows: rows.length - 1, isComplete: page === null };
}

async function readPage(page: URLSearchParams, signal: AbortSignal): Promise<Answer<Order[]>> {
  for (let tries = 1; ; tries++) {
    try {
      return await answerOf(orders.GET('/orderManagement/order', { signal, querySerializer: () => page.toString() }));
    } catch (error) {
      const pauseMs = error instanceof ApiProblem ? error.retryInMs : null;
      if (pauseMs === null || tries === MAX_TRIES) throw error;
      await pause(pauseMs, signal);
    }
  }
}

const toRow = (order: Order) => [
  order.orderId,
  order.orderDate,
  order.orderStatus,
  order.paymentStatus,
  order.cancellation?.code ?? null,
  order.cancellation?.reason ?? null,
  order.customerId,
  linesOf(order),
  orderTotal(order),
];

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
