import { Problem } from '@shop/runtime/problem';

/** The problem of a request for an order that was never placed or that was deleted. */
export const orderNotFound = (orderId: string): Problem =>
  new Problem('order-not-found', `Order ${orderId} does not exist.`);
