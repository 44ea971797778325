import type { Order } from '../api/types';
import { totalOf } from '../format/money';

/** Describes the lines of an order, such as `2 × Mug, 1 × Lamp`. */
export const linesOf = ({ products }: Pick<Order, 'products'>): string =>
  products.map(({ OrderedQuantity, name }) => `${OrderedQuantity} × ${name}`).join(', ') || 'none';

/** Sums the lines of an order in dollars. */
export const orderTotal = ({ products }: Pick<Order, 'products'>): number =>
  totalOf(products.map(({ price, OrderedQuantity }) => ({ price, quantity: OrderedQuantity })));
