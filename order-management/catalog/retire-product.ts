import type { OrdersClient } from '@shop/prisma/clients';
import { findProduct, type ProductWithState } from './products';

/**
 * Retires a product: it is hidden from the list, and orders that begin after this call has returned are refused. Retiring
 * it again changes nothing.
 *
 * @returns the product; null if it does not exist
 */
export async function retireProduct(database: OrdersClient, productId: string): Promise<ProductWithState | null> {
  await database.$executeRaw`
    INSERT INTO retired_products (product_id) SELECT product_id FROM products WHERE product_id = ${productId}::uuid
    ON CONFLICT DO NOTHING`;
  return findProduct(database, productId);
}

/** Sells a retired product again. Does nothing if it is not retired. @returns the product; null if it does not exist */
export async function restoreProduct(database: OrdersClient, productId: string): Promise<ProductWithState | null> {
  await database.retiredProduct.deleteMany({ where: { productId } });
  return findProduct(database, productId);
}
