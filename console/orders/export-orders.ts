import { answerOf, linkedQuery, orders, type Order } from '../api/client';
import { toCsv } from '../format/csv';
import { linesOf, orderTotal } from './order-lines';
import { toApiQuery, withPageOf } from './order-query';

/** More rows than this make a file that spreadsheets open slowly. */
const MAX_ROWS = 100_000;
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

/**
 * Saves all orders that match a query as a CSV file, not only those of its page.
 *
 * @param onProgress called with the number of orders after each page
 * @returns the number of orders
 * @throws {ApiProblem} if a page cannot be read
 */
export async function exportOrders(query: URLSearchParams, onProgress: (rows: number) => void): Promise<number> {
  const filters = new URLSearchParams(query);
  for (const name of ['limit', 'cursor', 'offset']) filters.delete(name);
  const rows: (string | number | null)[][] = [HEADINGS];
  let page: URLSearchParams | null = toApiQuery(filters, '1000');
  while (page && rows.length <= MAX_ROWS) {
    const pageQuery = page;
    const { data, headers }: { data: Order[]; headers: Headers } = await answerOf(
      orders.GET('/orderManagement/order', { querySerializer: () => pageQuery.toString() }),
    );
    rows.push(...data.map(toRow));
    onProgress(rows.length - 1);
    const next = linkedQuery(headers, 'next');
    page = next && toApiQuery(withPageOf(filters, next), '1000');
  }
  save(toCsv(rows), `orders-${new Date().toISOString().slice(0, 10)}.csv`);
  return rows.length - 1;
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
