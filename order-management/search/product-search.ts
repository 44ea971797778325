import { joinSql, sql } from '@shop/prisma/sql';
import { contains } from './contains';
import { decimal, text, uuid } from './field-type';
import type { Searchable } from './searchable';

const sortable = {
  product_id: { type: uuid, column: sql`products.product_id`, nullable: false },
  name: { type: text, column: sql`products.name COLLATE "C"`, nullable: false },
};

/** The search of products, sold and retired ones. */
export const productSearch: Searchable = {
  from: sql`products`,
  where: sql`true`,
  fields: {
    ...sortable,
    product_type: { type: text, column: sql`products.product_type COLLATE "C"`, nullable: false },
    price: { type: decimal, column: sql`products.price`, nullable: false },
    quantity_available: { type: decimal, column: sql`products.quantity_available`, nullable: false },
  },
  sorts: sortable,
  id: 'product_id',
  defaultSort: 'name',
};

/** Conditions that `filter` cannot express. */
export interface ProductConditions {
  /** A part of the name or of the type, in any case. */
  find?: string | undefined;
  retired?: boolean | undefined;
  /** Whether the caller may find only products that are sold, whatever `retired` is. */
  onlySold: boolean;
}

const IS_RETIRED = sql`EXISTS (SELECT FROM retired_products retired WHERE retired.product_id = products.product_id)`;

const NAME_AND_TYPE = sql`(products.name || E'\\n' || products.product_type)`;

/** Restricts the product search to the given conditions. */
export function productSearchWith({ find, retired, onlySold }: ProductConditions): Searchable {
  const conditions = [productSearch.where];
  if (find !== undefined) conditions.push(contains(NAME_AND_TYPE, find));
  if (retired === true) conditions.push(IS_RETIRED);
  if (retired === false || onlySold) conditions.push(sql`NOT ${IS_RETIRED}`);
  return { ...productSearch, where: joinSql(conditions, ' AND ') };
}
