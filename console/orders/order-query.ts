// The address of the page of orders has the parameters of the API, so that every filter of the API can be used and shared.

/** The filters that the form shows. */
export interface OrderFilter {
  status: string;
  payment: string;
  /** Code of the reason of a cancellation. */
  reason: string;
  customerId: string;
  productId: string;
  product: string;
  /** ISO 8601; null if there is no limit. */
  from: string | null;
  to: string | null;
  /** An expression in the syntax of the API. */
  expression: string;
}

/** The parameter of each filter. */
const PARAMETERS = {
  status: 'order_status',
  payment: 'payment_status',
  reason: 'cancellation_code',
  customerId: 'customer_id',
  productId: 'product_id',
  product: 'name',
  from: 'order_date[gte]',
  to: 'order_date[lt]',
  expression: 'filter',
} as const satisfies Record<keyof OrderFilter, string>;

export const DEFAULT_SORT = '-order_date';
const PAGE = '25';

/** Reads the filters of an address. */
export const readFilter = (query: URLSearchParams): OrderFilter => ({
  status: query.get(PARAMETERS.status) ?? '',
  payment: query.get(PARAMETERS.payment) ?? '',
  reason: query.get(PARAMETERS.reason) ?? '',
  customerId: query.get(PARAMETERS.customerId) ?? '',
  productId: query.get(PARAMETERS.productId) ?? '',
  product: query.get(PARAMETERS.product) ?? '',
  from: query.get(PARAMETERS.from),
  to: query.get(PARAMETERS.to),
  expression: query.get(PARAMETERS.expression) ?? '',
});

/** Whether a list of an address has filters. */
export const isFiltered = (query: URLSearchParams): boolean =>
  [...query.keys()].some((name) => !['sort', 'limit', 'cursor', 'offset'].includes(name));

/** Changes filters in an address. The page begins again; parameters that the form does not show stay. */
export function withFilter(query: URLSearchParams, changes: Partial<OrderFilter>): URLSearchParams {
  const changed = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    const parameter = PARAMETERS[name as keyof OrderFilter];
    if (value === null || value.trim() === '') changed.delete(parameter);
    else changed.set(parameter, value.trim());
  }
  return firstPage(changed);
}

/** Sorts by a key; by the same key again, in the other direction. */
export function withSort(query: URLSearchParams, key: string): URLSearchParams {
  const changed = new URLSearchParams(query);
  changed.set('sort', (query.get('sort') ?? DEFAULT_SORT) === `-${key}` ? key : `-${key}`);
  return firstPage(changed);
}

/** Continues with the page that a link of the API names. */
export function withPageOf(query: URLSearchParams, linked: URLSearchParams): URLSearchParams {
  const changed = firstPage(new URLSearchParams(query));
  for (const name of ['cursor', 'offset']) {
    const value = linked.get(name);
    if (value !== null) changed.set(name, value);
  }
  return changed;
}

function firstPage(query: URLSearchParams): URLSearchParams {
  query.delete('cursor');
  query.delete('offset');
  return query;
}

/** Makes the query of the API from that of the address. */
export function toApiQuery(query: URLSearchParams, limit = PAGE): URLSearchParams {
  const complete = new URLSearchParams(query);
  if (!complete.has('sort')) complete.set('sort', DEFAULT_SORT);
  if (!complete.has('limit') || limit !== PAGE) complete.set('limit', limit);
  return complete;
}

/** Quotes a text for an expression of a filter. */
export const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is the id of an order, a customer or a product. */
export const isId = (text: string): boolean => UUID.test(text);
