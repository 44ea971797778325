import type { OrdersClient } from '@shop/prisma/clients';
import { retryConflicts } from '@shop/prisma/retry-conflicts';
import type { Cancellation, ResumedOrder } from '@shop/workflows/contract';
import { isFinal } from './order-status';
import { IS_OWN, ORDER_TOTAL } from './order-total';
import { CUSTOMER_CANCELLED, NOT_FOUND, settlementOf, type SettledRow } from './settle-order';

interface OrderRow extends SettledRow {
  stock_taken_at: Date | null;
  cancel_requested_at: Date | null;
  is_own: boolean;
}

interface LineRow {
  product_id: string;
  quantity: number;
  quantity_available: number;
}

/**
 * Reads an order that an earlier saga may have worked on. An order that the original left `placed` is adopted: its stock,
 * which the original did not take, is taken now, and its lines get the products' prices.
 *
 * Resuming is rare, so a transaction of several statements is fast enough.
 */
export async function resumeOrder(database: OrdersClient, orderId: string): Promise<ResumedOrder> {
  return retryConflicts(() =>
    database.$transaction(async (tx) => {
      const [order] = await tx.$queryRaw<OrderRow[]>`
        SELECT order_status, payment_status, payment_id, cancellation_code, cancellation_reason, stock_taken_at,
          cancel_requested_at, ${IS_OWN} AS is_own
        FROM orders WHERE order_id = ${orderId}::uuid FOR NO KEY UPDATE`;
      if (!order) return { settled: NOT_FOUND };
      if (isFinal(order.order_status)) return { settled: settlementOf(order) };

      const lines = await tx.$queryRaw<LineRow[]>`
        SELECT product_id, line.quantity, product.quantity_available
        FROM order_products line JOIN products product USING (product_id)
        WHERE line.order_id = ${orderId}::uuid ORDER BY product_id FOR NO KEY UPDATE OF product`;
      const cancel = order.cancel_requested_at ? CUSTOMER_CANCELLED : order.stock_taken_at ? null : shortageOf(lines);
      if (!order.stock_taken_at && !cancel) await takeStock(tx, orderId);
      const [total] = await tx.$queryRaw<{ total_amount: string }[]>`
        SELECT ${ORDER_TOTAL} AS total_amount FROM orders WHERE order_id = ${orderId}::uuid`;
      return { settled: null, totalAmount: total!.total_amount, ...(!order.is_own && { adopted: true }), cancel };
    }),
  );
}

/** Returns why an order cannot get its stock; null if it can. */
function shortageOf(lines: LineRow[]): Cancellation | null {
  if (lines.length === 0) return { code: 'empty-order', reason: 'The order has no products.' };
  const short = lines.find((line) => line.quantity_available < line.quantity);
  if (!short) return null;
  const { product_id, quantity, quantity_available } = short;
  const reason = `Product ${product_id} is short: ${quantity} ordered, ${quantity_available} left.`;
  return { code: 'out-of-stock', reason };
}

/** Takes the stock of an order's lines. The caller has locked the products and checked their stock. */
async function takeStock(tx: Pick<OrdersClient, '$executeRaw'>, orderId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE products product SET quantity_available = product.quantity_available - line.quantity
    FROM order_products line WHERE line.order_id = ${orderId}::uuid AND line.product_id = product.product_id`;
  await tx.$executeRaw`
    UPDATE order_products line SET unit_price = product.price
    FROM products product WHERE line.order_id = ${orderId}::uuid AND line.product_id = product.product_id`;
  await tx.$executeRaw`UPDATE orders SET stock_taken_at = now() WHERE order_id = ${orderId}::uuid`;
}
