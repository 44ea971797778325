import { orders, read, type Order } from '../api/client';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { quoted } from '../orders/order-query';

/** 40 UUIDs fit into the 2,000 characters of a filter. */
const MAX_IDS_PER_REQUEST = 40;

/** Loads the names of the customers of orders, by their id, in one request. A customer sees its own orders only, and no names. */
export function useCustomerNames(found: readonly Order[]): ReadonlyMap<string, string> {
  const { caller } = useConsole();
  const ids = [...new Set(found.flatMap(({ customerId }) => customerId ?? []))]
    .toSorted()
    .slice(0, MAX_IDS_PER_REQUEST);
  const { data } = useLoad(`names ${ids.join()}`, async (signal) => {
    if (caller.role !== 'operator' || ids.length === 0) return [];
    const query = { filter: `customer_id IN (${ids.map(quoted).join(', ')})`, limit: MAX_IDS_PER_REQUEST };
    return read(orders.GET('/orderManagement/customers', { signal, params: { query } }));
  });
  return new Map(data?.map(({ customerId, firstName, lastName }) => [customerId, `${firstName} ${lastName}`]));
}
