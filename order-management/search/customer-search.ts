import { sql } from '@shop/prisma/sql';
import { text, uuid } from './field-type';
import type { Searchable } from './searchable';

const columns = {
  customer_id: { type: uuid, column: sql`customers.customer_id`, nullable: false },
  first_name: { type: text, column: sql`customers.first_name COLLATE "C"`, nullable: false },
  last_name: { type: text, column: sql`customers.last_name COLLATE "C"`, nullable: false },
  email: { type: text, column: sql`customers.email COLLATE "C"`, nullable: false },
};

/** The search of customers. */
export const customerSearch: Searchable = {
  from: sql`customers`,
  where: sql`true`,
  fields: columns,
  sorts: columns,
  id: 'customer_id',
  defaultSort: 'customer_id',
};
