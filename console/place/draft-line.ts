import type { CatalogProduct } from '../api/types';
import { totalOf } from '../format/money';

/** A line of an order that is not placed yet, with the newest known price and stock of its product. */
export interface DraftLine {
  product: CatalogProduct;
  quantity: number;
}

/** Sums lines in dollars. */
export const totalOfLines = (lines: readonly DraftLine[]): number =>
  totalOf(lines.map(({ product: { price }, quantity }) => ({ price, quantity })));

/** Says why a line would be refused now; null if it would not. */
export function reasonNotOrderable({ product: { retired, quantityAvailable }, quantity }: DraftLine): string | null {
  if (retired) return 'no longer sold';
  return quantity > quantityAvailable ? `only ${Math.max(0, quantityAvailable)} in stock` : null;
}

/** Updates the product of each line. A product that was not found is no longer sold. */
export const withNewest = (lines: readonly DraftLine[], found: readonly CatalogProduct[]): DraftLine[] =>
  lines.map(({ product, quantity }) => ({
    product: found.find(({ productId }) => productId === product.productId) ?? { ...product, retired: true },
    quantity,
  }));
