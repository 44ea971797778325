import { beforeAll, expect, test } from '@jest/globals';
import { declineReason } from '@shop/payment-processing/payments/charge-limit';
import { Catalog } from './catalog';
import type { OrderKind } from './order-mix';
import type { ShopClient } from './shop-client';

interface Stocked {
  productId: string;
  price: number;
  quantityAvailable: number;
}

const products = new Map<string, Stocked>();
let restocks = 0;

/** Creates and restocks products, and creates customers. */
const client = {
  call: async (method: string, path: string, body: { price: number; quantityAvailable: number; quantity: number }) => {
    if (method === 'GET' && !path.startsWith('/product/')) return [];
    const [, , productId = ''] = path.split('/');
    if (path === '/customer') return { customerId: 'customer' };
    if (path === '/product') {
      const product = { ...body, productId: String(products.size) };
      products.set(product.productId, product);
      return product;
    }
    const product = products.get(productId)!;
    if (path.endsWith('/restock')) {
      product.quantityAvailable += body.quantity;
      restocks++;
    }
    return product;
  },
} as unknown as ShopClient;

let catalog: Catalog;
beforeAll(async () => {
  catalog = await Catalog.prepare(client);
});

test.each<[OrderKind, boolean]>([
  ['shipped', false],
  ['cancelled', false],
  ['declined', true],
])('the payment service declines an order that is to be %s: %s', (kind, isDeclined) => {
  for (let times = 0; times < 2_000; times++) {
    const order = catalog.createOrder(kind);
    expect(order.products.length).toBeGreaterThan(0);
    const total = order.products.reduce(
      (sum, { productId, orderedQuantity }) => sum + products.get(productId)!.price * orderedQuantity,
      0,
    );
    expect(declineReason(total.toFixed(2)) !== '').toBe(isDeclined);
  }
});

test('restocks a product once when it runs low', async () => {
  const product = products.get('0')!;
  product.quantityAvailable = 10;
  const order = { customerId: 'customer', products: [{ productId: '0', orderedQuantity: 9_990 }] };
  await Promise.all([catalog.taken(order), catalog.taken(order)]);
  expect(restocks).toBe(1);
  expect(product.quantityAvailable).toBeGreaterThan(1_000);
});
