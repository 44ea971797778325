import type { Cancellation } from '@shop/workflows/contract';

/** An order with its products, as clients see it. */
export interface PlacedOrder {
  orderId: string;
  customerId: string | null;
  orderStatus: string;
  paymentStatus: string;
  orderDate: Date | null;
  /** The reason of a cancelled order; null if it is unknown, as for orders of the original. Absent for other orders. */
  cancellation?: Cancellation | null;
  lines: OrderedProduct[];
}

export interface OrderedProduct {
  productId: string;
  name: string;
  /** The price per unit when the order was accepted: a decimal with two places. */
  price: string;
  description: string | null;
  /** The units that can still be ordered. */
  quantityAvailable: number;
  productType: string;
  quantity: number;
}
