import { randomUUID } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import { addCustomer, type Customer } from '../order-management/catalog/customers';
import { addProduct, type NewProduct, type Product } from '../order-management/catalog/products';

export const aCustomer = (database: OrdersClient): Promise<Customer> =>
  addCustomer(database, { firstName: 'Ann', lastName: 'Bo', email: 'ann@bo.com' });

export const aProduct = (database: OrdersClient, more: Partial<NewProduct> = {}): Promise<Product> =>
  addProduct(database, {
    name: 'Mug',
    price: '5.00',
    description: 'Holds half a litre',
    quantityAvailable: 10,
    productType: 'Kitchen',
    ...more,
  });

/** What is left of a product. */
export async function stockOf(database: OrdersClient, { productId }: Pick<Product, 'productId'>): Promise<number> {
  return (await database.product.findUniqueOrThrow({ where: { productId } })).quantityAvailable;
}

/** An order as the original leaves it: `placed`, its stock not taken, its lines without prices. */
export async function anOriginalOrder(
  database: OrdersClient,
  { customerId }: Customer,
  lines: { productId: string; quantity: number }[],
): Promise<string> {
  const orderId = randomUUID();
  await database.order.create({
    data: { orderId, customerId, orderStatus: 'placed', paymentStatus: 'pending', lines: { create: lines } },
  });
  return orderId;
}
