import { randomUUID } from 'node:crypto';
import { connectDatabase } from './order-steps';
import { connectPaymentMessages } from './payment-messages';
import { requiredSetting } from './required-setting';

/** Runs the payment process of all candidates except this shop: stores one payment per order, then publishes the answer. */
async function main(): Promise<void> {
  const database = connectDatabase(requiredSetting('DATABASE_URL'));
  const messages = await connectPaymentMessages(requiredSetting('AMQP_URL'));
  await messages.consume('processPayment', async ({ orderId, customerId, totalAmount, reply }) => {
    const success = totalAmount <= 1000;
    await database.query({
      name: 'charge',
      text: `
        INSERT INTO payments.payments (payment_id, order_id, customer_id, amount, status)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (order_id) DO NOTHING`,
      values: [randomUUID(), orderId, customerId, totalAmount, success ? 'success' : 'failed'],
    });
    await messages.publish('PaymentStat', { orderId, success, ...(reply === undefined ? {} : { reply }) });
  });
}

void main();
