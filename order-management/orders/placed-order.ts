/** An order with its products, as clients see it. */
export interface PlacedOrder {
  orderId: string;
  customerId: string | null;
  orderStatus: string;
  paymentStatus: string;
  orderDate: Date | null;
  /** Why the order was cancelled; null if that is unknown, as for orders of the original. Only a cancelled order has it. */
  cancellation?: CancellationReason | null;
  lines: OrderedProduct[];
}

/** Why an order was cancelled. */
export interface CancellationReason {
  /** For programs; one of a closed set. */
  code: string;
  /** For people. */
  reason: string;
}

export interface OrderedProduct {
  productId: string;
  name: string;
  /** What one piece cost when the order was accepted; a decimal with two places. */
  price: string;
  description: string | null;
  /** What is left to order now. */
  quantityAvailable: number;
  productType: string;
  quantity: number;
}
