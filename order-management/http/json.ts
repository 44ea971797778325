import { z } from 'zod';
import type { Product } from '../catalog/products';
import type { PlacedOrder } from '../orders/placed-order';

// The JSON of the contract: what the operations answer.

export const customerJson = z
  .object({ customerId: z.guid(), firstName: z.string(), lastName: z.string(), email: z.string() })
  .meta({ id: 'Customer' });

export const productJson = z
  .object({
    productId: z.guid(),
    name: z.string(),
    price: z.number(),
    description: z.string(),
    quantityAvailable: z.int(),
    productType: z.string(),
    OrderedQuantity: z.int().meta({ description: 'The quantity in an order; 0 outside of orders.' }),
  })
  .meta({ id: 'Product' });

export const orderJson = z
  .object({
    orderId: z.guid(),
    customerId: z.guid().nullable().meta({ description: 'Null only for some orders of the original system.' }),
    orderStatus: z.string().meta({ description: '`placed`, `shipped` or `cancelled`.' }),
    paymentStatus: z.string().meta({ description: '`pending`, `success`, `failed` or `cancelled`.' }),
    orderDate: z.iso.datetime().nullable().meta({ description: 'Null if the stored date cannot be represented.' }),
    cancellation: z
      .object({ code: z.string(), reason: z.string() })
      .nullable()
      .optional()
      .meta({ description: 'Only for a cancelled order. Null if the reason is not known.' }),
    products: z.array(productJson),
  })
  .meta({ id: 'Order' });

export const messageJson = z.object({ message: z.string() }).meta({ id: 'Message' });

/** Converts a product to JSON: the price is a number, and `OrderedQuantity` has a capital O. */
export const toProductJson = (
  { price, description, ...product }: Product,
  orderedQuantity = 0,
): z.input<typeof productJson> => ({
  productId: product.productId,
  name: product.name,
  price: Number(price),
  description: description ?? '',
  quantityAvailable: product.quantityAvailable,
  productType: product.productType,
  OrderedQuantity: orderedQuantity,
});

/** Converts an order to JSON. A cancelled order has the additional member `cancellation`. */
export const toOrderJson = ({ lines, ...order }: PlacedOrder): z.input<typeof orderJson> => ({
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
