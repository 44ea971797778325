import { randomUUID } from 'node:crypto';
import { fromEnvironment } from './required-setting';
import { connectDatabase } from './order-steps';
import { connectPaymentMessages } from './payment-messages';

/** The payment process of every contestant but ours: stores a payment, one an order, then publishes its answer. */
async function main(): Promise<void> {
  const database = connectDatabase(fromEnvironment('DATABASE_URL'));
  const messages = await connectPaymentMessages(fromEnvironment('AMQP_URL'));
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
  console.log('ready');
}

void main();
