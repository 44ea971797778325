import type { Product } from '../catalog/products';
import type { PlacedOrder } from '../orders/placed-order';

/** Converts a product to the contract's JSON: the price is a number, and `OrderedQuantity` has a capital O. */
export const toProductJson = ({ price, description, ...product }: Product, orderedQuantity = 0) => ({
  productId: product.productId,
  name: product.name,
  price: Number(price),
  description: description ?? '',
  quantityAvailable: product.quantityAvailable,
  productType: product.productType,
  OrderedQuantity: orderedQuantity,
});

/** Converts an order to the contract's JSON. A cancelled order has the additional member `cancellation`. */
export const toOrderJson = ({ lines, ...order }: PlacedOrder) => ({
  orderId: order.orderId,
  customerId: order.customerId,
  orderStatus: order.orderStatus,
  paymentStatus: order.paymentStatus,
  orderDate: isoDate(order.orderDate),
  ...(order.cancellation !== undefined && { cancellation: order.cancellation }),
  products: lines.map(({ quantity, ...product }) => toProductJson(product, quantity)),
});

/** PostgreSQL also stores `infinity` and years that a Date cannot represent. One such row must not break a whole list. */
const isoDate = (date: Date | null): string | null =>
  date && !Number.isNaN(date.getTime()) ? date.toISOString() : null;
