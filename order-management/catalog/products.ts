import { randomUUID } from 'node:crypto';
import type { OrdersClient } from '@shop/prisma/clients';
import { sqlStateOf } from '@shop/prisma/errors';
import { retryConflicts } from '@shop/prisma/retry-conflicts';

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

/** A product as its own path shows it, which also shows retired products. */
export interface ProductWithState extends Product {
  /** Whether the product is no longer sold. */
  retired: boolean;
}

/** The fields of a product that can be changed. The stock changes by orders and restocks only. */
export type ProductChanges = {
  [Field in Exclude<keyof NewProduct, 'quantityAvailable'>]?: NewProduct[Field] | undefined;
};

/** Inserts a product with a new id. */
export async function addProduct(database: OrdersClient, product: NewProduct): Promise<Product> {
  const row = await database.product.create({ data: { productId: randomUUID(), ...product } });
  return { ...row, price: row.price.toFixed(2) };
}

/** Reads a page of the products that are not retired, ordered by id. */
export async function findProducts(
  database: OrdersClient,
  page: { offset: number; limit: number },
): Promise<Product[]> {
  const rows = await database.product.findMany({
    where: { retirement: null },
    orderBy: { productId: 'asc' },
    skip: page.offset,
    take: page.limit,
  });
  return rows.map((row) => ({ ...row, price: row.price.toFixed(2) }));
}

/** Finds the given products, even if they are retired, in the given sequence, without those that do not exist. */
export function findProductsById(database: OrdersClient, productIds: string[]): Promise<ProductWithState[]> {
  return database.$queryRaw<ProductWithState[]>`
    SELECT product_id AS "productId", name, price::text, description, quantity_available AS "quantityAvailable",
      product_type AS "productType", retired.product_id IS NOT NULL AS retired
    FROM unnest(${productIds}::uuid[]) WITH ORDINALITY AS wanted (product_id, position)
    JOIN products USING (product_id) LEFT JOIN retired_products retired USING (product_id)
    ORDER BY position`;
}

/** Finds a product, even if it is retired; null if it does not exist. */
export async function findProduct(
  database: Pick<OrdersClient, 'product'>,
  productId: string,
): Promise<ProductWithState | null> {
  const row = await database.product.findUnique({ where: { productId }, include: { retirement: true } });
  if (!row) return null;
  const { retirement, ...product } = row;
  return { ...product, price: product.price.toFixed(2), retired: retirement !== null };
}

/**
 * Changes the given fields of a product. Orders that were accepted before keep their price.
 *
 * @param check examines the product before the change, and throws to prevent it; no other change comes in between
 * @returns the changed product; null if it does not exist
 */
export const changeProduct = (
  database: OrdersClient,
  productId: string,
  changes: ProductChanges,
  check: (current: ProductWithState) => void,
): Promise<ProductWithState | null> =>
  retryConflicts(() =>
    database.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT FROM products WHERE product_id = ${productId}::uuid FOR NO KEY UPDATE`;
      const current = await findProduct(tx, productId);
      if (!current) return null;
      check(current);
      const { name = null, price = null, description = null, productType = null } = changes;
      await tx.$executeRaw`
        UPDATE products SET name = coalesce(${name}, name), price = coalesce(${price}::numeric, price),
          description = coalesce(${description}, description), product_type = coalesce(${productType}, product_type)
        WHERE product_id = ${productId}::uuid`;
      return findProduct(tx, productId);
    }),
  );

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
