import { randomUUID } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';

export interface NewCustomer {
  firstName: string;
  lastName: string;
  email: string;
}

export interface Customer extends NewCustomer {
  customerId: string;
}

/** Finds the given customers, in the given sequence, without those that do not exist. */
export function findCustomersById(database: OrdersClient, customerIds: string[]): Promise<Customer[]> {
  return database.$queryRaw<Customer[]>`
    SELECT customer_id AS "customerId", first_name AS "firstName", last_name AS "lastName", email
    FROM unnest(${customerIds}::uuid[]) WITH ORDINALITY AS wanted (customer_id, position)
    JOIN customers USING (customer_id)
    ORDER BY position`;
}

/** Inserts a customer with a new id. */
export const addCustomer = (database: OrdersClient, customer: NewCustomer): Promise<Customer> =>
  database.customer.create({ data: { customerId: randomUUID(), ...customer } });
