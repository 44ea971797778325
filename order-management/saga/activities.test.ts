import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { OrdersClient } from '@shop/prisma/clients';
import type { PaymentAnswer, PaymentRequest } from '@shop/workflows/contract';
import { createOrderActivities } from './activities';
import { PaymentHandover } from './payment-handover';

const request: PaymentRequest = { orderId: randomUUID(), customerId: randomUUID(), totalAmount: '90.00' };
const answer: PaymentAnswer = { paymentId: randomUUID(), success: true, reason: '' };

/** Asks for a payment that is answered at once, over a database that does with the order's row what the test wants. */
async function requested(settle: () => Promise<object[]>): Promise<{ returned: unknown; asks: number }> {
  let asks = 0;
  const handover = new PaymentHandover({ answerWithinMs: 5_000 });
  const activities = createOrderActivities({
    database: { $queryRaw: settle } as unknown as OrdersClient,
    broker: {
      send: async () => {
        asks++;
        void handover.offer(request.orderId, answer);
      },
    },
    handover,
  });
  return { returned: await activities.requestPayment(request), asks };
}

test('an answer that comes at once settles its order', async () => {
  const { paymentId: payment_id } = answer;
  const row = { order_status: 'shipped', payment_status: 'success', payment_id };

  await expect(requested(async () => [row])).resolves.toEqual({
    returned: {
      ...answer,
      settled: { orderStatus: 'shipped', paymentStatus: 'success', paymentId: answer.paymentId },
    },
    asks: 1,
  });
});

test.each([
  ['fails', () => Promise.reject(new Error('the database is away'))],
  ['takes long', () => new Promise<never>(() => undefined)],
])('an answer that comes at once is kept where settling the order %s: nobody is asked again', async (_, settle) => {
  await expect(requested(settle)).resolves.toEqual({ returned: answer, asks: 1 });
});
