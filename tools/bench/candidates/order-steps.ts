import { Pool } from 'pg';

/** The order's quantity exceeds the stock. */
export class InsufficientStockError extends Error {
  override name = 'InsufficientStockError';
}

export interface NewOrder {
  orderId: string;
  customerId: string;
  productId: string;
  quantity: number;
}

/** Creates a connection pool of the same size as this shop's. */
export const connectDatabase = (databaseUrl: string): Pool => new Pool({ connectionString: databaseUrl, max: 10 });

/**
 * The steps of an order, shared by all candidates except this shop. Each step is idempotent and one prepared statement,
 * which is the fastest way to do it.
 */
export class OrderSteps {
  constructor(private readonly database: Pool) {}

  /**
   * Inserts the order and its line and takes the stock, all or nothing.
   *
   * @returns the total amount
   * @throws {InsufficientStockError} if the stock does not suffice
   */
  async accept({ orderId, customerId, productId, quantity }: NewOrder): Promise<number> {
    const { rows } = await this.database.query<{ total: string; accepted: boolean }>({
      name: 'accept',
      text: `
        WITH before AS (
          SELECT FROM orders WHERE order_id = $1::uuid
        ), taken AS (
          UPDATE products SET quantity_available = quantity_available - $4::int
          WHERE product_id = $3::uuid AND quantity_available >= $4::int AND NOT EXISTS (SELECT FROM before)
          RETURNING price
        ), placed AS (
          INSERT INTO orders (order_id, customer_id, order_status, payment_status)
          SELECT $1::uuid, $2::uuid, 'placed', 'pending' FROM taken
        ), line AS (
          INSERT INTO order_products (order_id, product_id, quantity, unit_price)
          SELECT $1::uuid, $3::uuid, $4::int, price FROM taken
        )
        SELECT price * $4::int AS total, EXISTS (SELECT FROM taken) OR EXISTS (SELECT FROM before) AS accepted
        FROM products WHERE product_id = $3::uuid`,
      values: [orderId, customerId, productId, quantity],
    });
    const [result] = rows;
    if (!result?.accepted) {
      throw new InsufficientStockError(`Product ${productId} has less stock than order ${orderId} needs.`);
    }
    return Number(result.total);
  }

  /** Ships a paid order; cancels an unpaid one and releases its stock. */
  async settle(orderId: string, paid: boolean): Promise<void> {
    await (paid ? this.ship(orderId) : this.cancel(orderId));
  }

  private async ship(orderId: string): Promise<void> {
    await this.database.query({
      name: 'ship',
      text: `
        UPDATE orders SET order_status = 'shipped', payment_status = 'success', settled_at = now()
        WHERE order_id = $1::uuid AND order_status = 'placed'`,
      values: [orderId],
    });
  }

  private async cancel(orderId: string): Promise<void> {
    await this.database.query({
      name: 'cancel',
      text: `
        WITH cancelled AS (
          UPDATE orders SET order_status = 'cancelled', payment_status = 'failed', settled_at = now()
          WHERE order_id = $1::uuid AND order_status = 'placed'
          RETURNING order_id
        )
        UPDATE products product SET quantity_available = product.quantity_available + line.quantity
        FROM cancelled JOIN order_products line USING (order_id) WHERE product.product_id = line.product_id`,
      values: [orderId],
    });
  }
}
