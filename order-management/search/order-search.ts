import { sql, type Sql } from '@shop/prisma/sql';
import { decimal, text, timestamp, uuid } from './field-type';
import type { Expression } from './expression';
import type { AggregateSort, Searchable } from './searchable';

const amongLines = (condition: Sql): Sql => sql`
  SELECT FROM order_products line WHERE line.order_id = orders.order_id AND ${condition}`;

const amongProducts = (condition: Sql): Sql => sql`
  SELECT FROM order_products line JOIN products product USING (product_id)
  WHERE line.order_id = orders.order_id AND ${condition}`;

/** What a product has, and an order by its lines. */
const ofProduct = {
  nullable: false,
  among: amongProducts,
  reference: { from: sql`products product`, id: sql`product.product_id`, field: 'product_id' },
};

const noLines = sql`NOT EXISTS (SELECT FROM order_products line WHERE line.order_id = orders.order_id)`;

// OFFSET 0 keeps the planner from reading all lines into a hash table: a page needs those of few orders.

/** Keeps, of the lines of an order, the one with the smallest or largest price. */
const price: AggregateSort = {
  type: decimal,
  missing: noLines,
  value: (descending) => sql`(
    SELECT ${descending ? sql`max` : sql`min`}(line.unit_price) FROM order_products line
    WHERE line.order_id = orders.order_id)`,
  walk: (descending) => ({
    from: sql`order_products walked JOIN orders ON orders.order_id = walked.order_id`,
    where: sql`NOT EXISTS (
      SELECT FROM order_products line WHERE line.order_id = walked.order_id AND ${
        descending
          ? sql`(line.unit_price, line.product_id) > (walked.unit_price, walked.product_id)`
          : sql`(line.unit_price, line.product_id) < (walked.unit_price, walked.product_id)`
      } OFFSET 0)`,
    value: sql`walked.unit_price`,
    id: sql`walked.order_id`,
  }),
};

/** Keeps, of the products of an order, the one with the first or last name. */
const productName: AggregateSort = {
  type: text,
  missing: noLines,
  value: (descending) => sql`(
    SELECT ${descending ? sql`max` : sql`min`}(product.name COLLATE "C")
    FROM order_products line JOIN products product USING (product_id) WHERE line.order_id = orders.order_id)`,
  walk: (descending) => ({
    groups: sql`products named`,
    from: sql`order_products walked JOIN orders ON orders.order_id = walked.order_id`,
    where: sql`walked.product_id = named.product_id AND NOT EXISTS (
      SELECT FROM order_products line JOIN products product USING (product_id)
      WHERE line.order_id = walked.order_id AND ${
        descending
          ? sql`(product.name COLLATE "C", product.product_id) > (named.name COLLATE "C", named.product_id)`
          : sql`(product.name COLLATE "C", product.product_id) < (named.name COLLATE "C", named.product_id)`
      } OFFSET 0)`,
    value: sql`named.name COLLATE "C"`,
    id: sql`walked.order_id`,
  }),
};

/** The columns that an index sorts by. */
const sortable = {
  order_id: { type: uuid, column: sql`orders.order_id`, nullable: false },
  customer_id: { type: uuid, column: sql`orders.customer_id`, nullable: true },
  order_date: { type: timestamp, column: sql`orders.order_date`, nullable: true },
};

/** The search of orders. Fields and parameters have the names that the original's README announces. */
export const orderSearch: Searchable = {
  from: sql`orders`,
  where: sql`orders.deleted_at IS NULL`,
  fields: {
    ...sortable,
    order_status: { type: text, column: sql`orders.order_status`, nullable: false },
    payment_status: { type: text, column: sql`orders.payment_status`, nullable: false },
    cancellation_code: { type: text, column: sql`orders.cancellation_code COLLATE "C"`, nullable: true },
    product_id: { type: uuid, column: sql`line.product_id`, nullable: false, among: amongLines },
    name: { type: text, column: sql`product.name COLLATE "C"`, ...ofProduct },
    price: { type: decimal, column: sql`line.unit_price`, nullable: false, among: amongLines },
    product_type: { type: text, column: sql`product.product_type COLLATE "C"`, ...ofProduct },
  },
  sorts: { ...sortable, price, product_name: productName },
  id: 'order_id',
  defaultSort: 'order_date',
};

/** The condition that limits a search to the orders of a customer; none if it is null. */
export const ordersOf = (customerId: string | null): Expression[] =>
  customerId === null ? [] : [{ kind: 'comparison', field: 'customer_id', operator: '=', values: [customerId] }];
