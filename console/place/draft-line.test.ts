import { describe, expect, test } from '@jest/globals';
import type { CatalogProduct } from '../api/types';
import { reasonNotOrderable, totalOfLines, withNewest } from './draft-line';

const mug: CatalogProduct = {
  productId: '5f2c1c9e-0000-4000-8000-000000000001',
  name: 'Mug',
  description: '',
  price: 4.5,
  productType: 'Kitchen',
  quantityAvailable: 10,
  OrderedQuantity: 0,
  retired: false,
};
const line = { product: mug, quantity: 3 };

describe('the lines of an order that is not placed yet', () => {
  test('cost what their products cost now', () => {
    const newest = withNewest([line], [{ ...mug, price: 5 }]);

    expect(totalOfLines([...newest, { product: { ...mug, price: 0.1 }, quantity: 3 }])).toBe(15.3);
  });

  test('have no obstacle while the product is sold and in stock', () => {
    expect(reasonNotOrderable({ product: mug, quantity: 10 })).toBeNull();
  });

  test('name the stock that is left if it is too small, and at least 0', () => {
    expect(reasonNotOrderable({ product: mug, quantity: 11 })).toBe('only 10 in stock');
    expect(reasonNotOrderable({ product: { ...mug, quantityAvailable: -2 }, quantity: 1 })).toBe('only 0 in stock');
  });

  test('are no longer sold if the product was retired, or is not found any more', () => {
    const obstacles = [...withNewest([line], [{ ...mug, retired: true }]), ...withNewest([line], [])].map(
      reasonNotOrderable,
    );

    expect(obstacles).toEqual(['no longer sold', 'no longer sold']);
  });
});
