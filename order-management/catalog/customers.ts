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

/** Inserts a customer with a new id. */
export const addCustomer = (database: OrdersClient, customer: NewCustomer): Promise<Customer> =>
  database.customer.create({ data: { customerId: randomUUID(), ...customer } });
