import { randomUUID } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import { retryConflicts } from '@shop/prisma/retry-conflicts';

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

/** The fields of a customer that change. */
export type CustomerChanges = { [Field in keyof NewCustomer]?: NewCustomer[Field] | undefined };

/** Inserts a customer with a new id. */
export const addCustomer = (database: OrdersClient, customer: NewCustomer): Promise<Customer> =>
  database.customer.create({ data: { customerId: randomUUID(), ...customer } });

/** Finds a customer; null if it does not exist. */
export const findCustomer = (database: OrdersClient, customerId: string): Promise<Customer | null> =>
  database.customer.findUnique({ where: { customerId } });

/**
 * Changes the given fields of a customer.
 *
 * @param check examines the customer before the change, and throws to prevent it; no other change comes in between
 * @returns the changed customer; null if it does not exist
 */
export const changeCustomer = (
  database: OrdersClient,
  customerId: string,
  changes: CustomerChanges,
  check: (current: Customer) => void,
): Promise<Customer | null> =>
  retryConflicts(() =>
    database.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT FROM customers WHERE customer_id = ${customerId}::uuid FOR NO KEY UPDATE`;
      const current = await tx.customer.findUnique({ where: { customerId } });
      if (!current) return null;
      check(current);
      const { firstName = null, lastName = null, email = null } = changes;
      await tx.$executeRaw`
        UPDATE customers SET first_name = coalesce(${firstName}, first_name), last_name = coalesce(${lastName}, last_name),
          email = coalesce(${email}, email)
        WHERE customer_id = ${customerId}::uuid`;
      return tx.customer.findUnique({ where: { customerId } });
    }),
  );
