import type { OrdersClient, OrdersPrisma } from '@shop/prisma/clients';
import { OrderStatus, orderStatusOf } from './order-status';
import type { PlacedOrder } from './placed-order';
import { cancellationOf } from './settle-order';

const withProducts = { lines: { include: { product: true }, orderBy: { productId: 'asc' } } } as const;

/** Finds all orders that are not deleted, oldest first. */
export async function findOrders(database: OrdersClient): Promise<PlacedOrder[]> {
  const rows = await database.order.findMany({
    where: { deletedAt: null },
    include: withProducts,
    orderBy: [{ orderDate: 'asc' }, { orderId: 'asc' }],
  });
  return rows.map(placedOrderOf);
}

/** Finds an order; null if it does not exist or was deleted. */
export async function findOrder(database: OrdersClient, orderId: string): Promise<PlacedOrder | null> {
  const row = await database.order.findUnique({ where: { orderId, deletedAt: null }, include: withProducts });
  return row && placedOrderOf(row);
}

type Row = OrdersPrisma.OrderGetPayload<{ include: typeof withProducts }>;

const placedOrderOf = ({ lines, ...order }: Row): PlacedOrder => ({
  orderId: order.orderId,
  customerId: order.customerId,
  orderStatus: order.orderStatus,
  paymentStatus: order.paymentStatus,
  orderDate: order.orderDate,
  ...(orderStatusOf(order.orderStatus) === OrderStatus.cancelled && {
    cancellation: cancellationOf(order.cancellationCode, order.cancellationReason),
  }),
  lines: lines.map(({ product, unitPrice, quantity }) => ({
    productId: product.productId,
    name: product.name,
    price: (unitPrice ?? product.price).toFixed(2),
    description: product.description,
    quantityAvailable: product.quantityAvailable,
    productType: product.productType,
    quantity,
  })),
});
