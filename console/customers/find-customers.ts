import { answerOf, linkedQuery, orders, type Customer } from '../api/client';
import { isId, quoted } from '../orders/order-query';

/** A page of customers. */
export interface FoundCustomers {
  customers: Customer[];
  /** Where the next page begins; null if this is the last one. */
  next: string | null;
}

/** Finds customers by parts of their name or address, or by id; all customers for an empty text. */
export async function findCustomers(
  text: string,
  { limit, cursor = null, signal = null }: { limit: number; cursor?: string | null; signal?: AbortSignal | null },
): Promise<FoundCustomers> {
  const query = {
    ...(text.trim() !== '' && { filter: expressionOf(text.trim()) }),
    ...(cursor !== null && { cursor }),
    sort: 'last_name,first_name',
    limit,
  };
  const { data, headers } = await answerOf(orders.GET('/orderManagement/customers', { signal, params: { query } }));
  return { customers: data, next: linkedQuery(headers, 'next')?.get('cursor') ?? null };
}

const FIELDS = ['first_name', 'last_name', 'email'];

/** Each word is a part of the first name, the last name or the address. */
function expressionOf(text: string): string {
  if (isId(text)) return `customer_id = ${quoted(text)}`;
  return text
    .split(/\s+/)
    .slice(0, 4)
    .map((word) => `(${FIELDS.map((field) => `${field} CONTAINS ${quoted(word)}`).join(' OR ')})`)
    .join(' AND ');
}
