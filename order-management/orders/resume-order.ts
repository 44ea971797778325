import type { OrdersClient } from '@shop/prisma/clients';
import { retryDeadlocks } from '@shop/prisma/errors';
import type { ResumedOrder } from '@shop/workflows/contract';
import { isFinal } from './order-status';
import { GONE, settlementOf } from './settle-order';

interface OrderRow {
  order_status: string;
  payment_status: string;
  payment_id: string | null;
  stock_taken_at: Date | null;
  cancel_requested_at: Date | null;
}

interface LineRow {
  product_id: string;
  quantity: number;
  quantity_available: number;
}

/**
 * Looks at an order whose saga may have run before. An order that the original left `placed` is adopted on the way: its
 * stock, which the original did not take, is taken now, and its lines get the products' prices.
 *
 * A transaction of several steps, as it is rare.
 */
export async function resumeOrder(database: OrdersClient, orderId: string): Promise<ResumedOrder> {
  return retryDeadlocks(() =>
    database.$transaction(async (tx) => {
      const [order] = await tx.$queryRaw<OrderRow[]>`
        SELECT order_status, payment_status, payment_id, stock_taken_at, cancel_requested_at
        FROM orders WHERE order_id = ${orderId}::uuid FOR NO KEY UPDATE`;
      if (!order) return { settled: GONE };
      if (isFinal(order.order_status)) return { settled: settlementOf(order) };

      const lines = await tx.$queryRaw<LineRow[]>`
        SELECT product_id, line.quantity, product.quantity_available
        FROM order_products line JOIN products product USING (product_id)
        WHERE line.order_id = ${orderId}::uuid ORDER BY product_id FOR NO KEY UPDATE OF product`;
      let hopeless = order.cancel_requested_at ? 'cancel requested' : undefined;
      if (!order.stock_taken_at && hopeless === undefined) {
        const short = lines.find((line) => line.quantity_available < line.quantity);
        if (short) hopeless = `not enough stock of product ${short.product_id}`;
        else if (lines.length === 0) hopeless = 'the order has no products';
        else await takeStock(tx, orderId);
      }
      const [total] = await tx.$queryRaw<{ total_amount: string }[]>`
        SELECT coalesce(sum(coalesce(line.unit_price, product.price) * line.quantity), 0.00)::text AS total_amount
        FROM order_products line JOIN products product USING (product_id) WHERE line.order_id = ${orderId}::uuid`;
      return { settled: null, totalAmount: total!.total_amount, ...(hopeless === undefined ? {} : { hopeless }) };
    }),
  );
}

/** Takes what the lines of an order want; the caller holds the products, and has seen that there is enough. */
async function takeStock(tx: Pick<OrdersClient, '$executeRaw'>, orderId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE products product SET quantity_available = product.quantity_available - line.quantity
    FROM order_products line WHERE line.order_id = ${orderId}::uuid AND line.product_id = product.product_id`;
  await tx.$executeRaw`
    UPDATE order_products line SET unit_price = product.price
    FROM products product WHERE line.order_id = ${orderId}::uuid AND line.product_id = product.product_id`;
  await tx.$executeRaw`UPDATE orders SET stock_taken_at = now() WHERE order_id = ${orderId}::uuid`;
}
