import type { Product } from '../catalog/products';
import type { PlacedOrder } from '../orders/placed-order';

/** A product as the contract has it: the price a JSON number, `OrderedQuantity` with a capital O. */
export const productOnWire = ({ price, description, ...product }: Product, orderedQuantity = 0) => ({
  productId: product.productId,
  name: product.name,
  price: Number(price),
  description: description ?? '',
  quantityAvailable: product.quantityAvailable,
  productType: product.productType,
  OrderedQuantity: orderedQuantity,
});

/** Writes an order as the contract has it. A cancelled order also says why. */
export const orderOnWire = ({ lines, ...order }: PlacedOrder) => ({
  orderId: order.orderId,
  customerId: order.customerId,
  orderStatus: order.orderStatus,
  paymentStatus: order.paymentStatus,
  orderDate: order.orderDate?.toISOString() ?? null,
  ...(order.cancellation !== undefined && { cancellation: order.cancellation }),
  products: lines.map(({ quantity, ...product }) => productOnWire(product, quantity)),
});
