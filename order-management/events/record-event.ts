import type { OrdersClient, OrdersPrisma } from '@shop/prisma/clients';
import type { OrderStep } from './order-step';

/**
 * Records a step of an order that changes no row of the order itself. Every other step is recorded by the statement that
 * makes the change. A repeated call with the same step and reason has no effect, nor has one for an order that does not
 * exist.
 *
 * @param reason distinguishes the occurrences of the step: the attempt of a request, or the payment of a refund
 */
export const recordEvent = (
  database: Pick<OrdersClient, '$executeRaw'>,
  orderId: string,
  step: OrderStep,
  reason: string,
): OrdersPrisma.PrismaPromise<number> => database.$executeRaw`
    INSERT INTO order_events (order_id, step, reason)
    SELECT order_id, ${step}::text, ${reason}::text FROM orders WHERE order_id = ${orderId}::uuid AND NOT EXISTS (
      SELECT FROM order_events WHERE order_id = ${orderId}::uuid AND step = ${step}::text AND reason = ${reason}::text)`;
