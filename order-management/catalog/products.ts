import { randomUUID } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import { sqlStateOf } from '@shop/prisma/errors';

export interface NewProduct {
  name: string;
  /** A decimal with two places. */
  price: string;
  description: string;
  quantityAvailable: number;
  productType: string;
}

export interface Product extends Omit<NewProduct, 'description'> {
  productId: string;
  description: string | null;
}

/** Adds a product under a new id. */
export async function addProduct(database: OrdersClient, product: NewProduct): Promise<Product> {
  const row = await database.product.create({ data: { productId: randomUUID(), ...product } });
  return { ...row, price: row.price.toFixed(2) };
}

/** A page of the products, ordered by id. */
export async function findProducts(
  database: OrdersClient,
  page: { offset: number; limit: number },
): Promise<Product[]> {
  const rows = await database.product.findMany({ orderBy: { productId: 'asc' }, skip: page.offset, take: page.limit });
  return rows.map((row) => ({ ...row, price: row.price.toFixed(2) }));
}

const FOREIGN_KEY_VIOLATION = '23503';

/** Removes a product that no order names. */
export async function removeProduct(
  database: OrdersClient,
  productId: string,
): Promise<'removed' | 'unknown' | 'ordered'> {
  try {
    const { count } = await database.product.deleteMany({ where: { productId } });
    return count > 0 ? 'removed' : 'unknown';
  } catch (error) {
    if (sqlStateOf(error) === FOREIGN_KEY_VIOLATION) return 'ordered';
    throw error;
  }
}
