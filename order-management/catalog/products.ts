import { randomUUID } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import { sqlStateOf } from '@shop/prisma/errors';

export interface NewProduct {
  name: string;
  /** A decimal. PostgreSQL rounds it to two places, half away from zero. */
  price: string;
  description: string;
  quantityAvailable: number;
  productType: string;
}

export interface Product extends Omit<NewProduct, 'description'> {
  productId: string;
  description: string | null;
}

/** Inserts a product with a new id. */
export async function addProduct(database: OrdersClient, product: NewProduct): Promise<Product> {
  const row = await database.product.create({ data: { productId: randomUUID(), ...product } });
  return { ...row, price: row.price.toFixed(2) };
}

/** Reads a page of the products, ordered by id. */
export async function findProducts(
  database: OrdersClient,
  page: { offset: number; limit: number },
): Promise<Product[]> {
  const rows = await database.product.findMany({ orderBy: { productId: 'asc' }, skip: page.offset, take: page.limit });
  return rows.map((row) => ({ ...row, price: row.price.toFixed(2) }));
}

const FOREIGN_KEY_VIOLATION = '23503';

/** Deletes a product, unless an order contains it. */
export async function deleteProduct(
  database: OrdersClient,
  productId: string,
): Promise<'deleted' | 'not found' | 'in use'> {
  try {
    const { count } = await database.product.deleteMany({ where: { productId } });
    return count > 0 ? 'deleted' : 'not found';
  } catch (error) {
    if (sqlStateOf(error) === FOREIGN_KEY_VIOLATION) return 'in use';
    throw error;
  }
}
