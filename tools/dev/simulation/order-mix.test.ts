import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ORDER_KINDS, OrderMix, type OrderKind } from './order-mix';

const draw = (mix: OrderMix, orders: number): Record<OrderKind, number> => {
  const counts = { shipped: 0, declined: 0, cancelled: 0 };
  for (let order = 0; order < orders; order++) counts[mix.next()]++;
  return counts;
};

test('10 % declined and 5 % cancelled are 20 and 10 of 200 orders', () => {
  expect(draw(new OrderMix({ declined: 0.1, cancelled: 0.05 }), 200)).toEqual({
    shipped: 170,
    declined: 20,
    cancelled: 10,
  });
});

test('the count of each kind is always near its share', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.nat(100), fc.nat(500), (one, other, orders) => {
      const [declined, cancelled] = [Math.min(one, 100 - (other % 101)) / 100, (other % 101) / 100];
      const shares = { declined, cancelled, shipped: 1 - declined - cancelled };
      const counts = draw(new OrderMix(shares), orders);
      for (const kind of ORDER_KINDS) expect(Math.abs(counts[kind] - shares[kind] * orders)).toBeLessThan(2);
    }),
  );
});

test.each(ORDER_KINDS)('with a share of 100 %%, every order is %s', (kind) => {
  const shares = { declined: 0, cancelled: 0, [kind]: 1 };
  expect(draw(new OrderMix(shares), 50)).toEqual({ shipped: 0, declined: 0, cancelled: 0, [kind]: 50 });
});
