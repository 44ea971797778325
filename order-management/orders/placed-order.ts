/** An order with its products, as clients see it. */
export interface PlacedOrder {
  orderId: string;
  customerId: string | null;
  orderStatus: string;
  paymentStatus: string;
  orderDate: Date | null;
  lines: OrderedProduct[];
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
