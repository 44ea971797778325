import type { OrdersClient } from '@shop/prisma/clients';
import { findCustomersById } from '../catalog/customers';
import { findOrdersById } from '../orders/find-orders';
import { customerSearch } from './customer-search';
import { orderSearch } from './order-search';
import type { Searchable } from './searchable';

/** A search whose first page an index provides, however many orders there are. */
export interface DocumentedQuery {
  path: '/order' | '/customers';
  searchable: Searchable;
  /** Loads the items of a page. */
  load: (database: OrdersClient, ids: string[]) => Promise<unknown[]>;
  /** The query string, not encoded. `<customerId>`, `<productId>` and `<productName>` stand for existing values. */
  query: string;
}

const ofOrders = (query: string): DocumentedQuery => ({
  path: '/order',
  searchable: orderSearch,
  load: findOrdersById,
  query,
});
const ofCustomers = (query: string): DocumentedQuery => ({
  path: '/customers',
  searchable: customerSearch,
  load: findCustomersById,
  query,
});

/**
 * The searches that docs/query-performance.md lists. `make query-table` measures them, and a test checks that none scans a
 * large table.
 */
export const DOCUMENTED_QUERIES: readonly DocumentedQuery[] = [
  ofOrders('sort=order_date'),
  ofOrders('sort=-order_date'),
  ofOrders('order_status=cancelled'),
  ofOrders('order_status=shipped&sort=-order_date'),
  ofOrders('order_status=placed'),
  ofOrders('order_status=placed&order_status=cancelled&sort=-order_date'),
  ofOrders('payment_status=failed&sort=-order_date'),
  ofOrders('payment_status=refunded'),
  ofOrders('customer_id=<customerId>'),
  ofOrders('customer_id=<customerId>&sort=-price'),
  ofOrders('order_date[gte]=2026-11-01&order_date[lt]=2026-11-08'),
  ofOrders('order_date[gte]=2026-11-01&order_status=cancelled&sort=-order_date'),
  ofOrders('product_id=<productId>&sort=-order_date'),
  ofOrders('name=<productName>'),
  ofOrders("filter=name STARTS_WITH 'Ceramic Cup'"),
  ofOrders('product_type=Garden&sort=-order_date'),
  ofOrders('price[gte]=10&price[lt]=50'),
  ofOrders('price[gt]=1000'),
  ofOrders('sort=price'),
  ofOrders('sort=-price'),
  ofOrders('sort=product_name'),
  ofOrders('sort=-product_name'),
  ofOrders('sort=-order_date,price'),
  ofOrders('sort=customer_id'),
  ofOrders('order_status=cancelled&sort=price'),
  ofOrders("filter=order_status = 'shipped' AND NOT price > 50"),
  ofOrders("filter=order_status = 'cancelled' OR price > 119&sort=-order_date"),
  ofOrders("filter=payment_status IN ('failed', 'refunded') AND price BETWEEN 10 AND 20"),
  ofOrders("filter=order_date >= '2026-01-01' AND NOT (product_type = 'Garden' OR name STARTS_WITH 'Oak')"),
  ofCustomers('sort=last_name'),
  ofCustomers('last_name=Lopez&sort=first_name'),
  ofCustomers('email=nora.lopez1@example.com'),
  ofCustomers("filter=email STARTS_WITH 'nora'"),
];
