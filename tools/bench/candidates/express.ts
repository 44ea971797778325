import { serveOrders } from './order-api';
import { connectDatabase, OrderSteps } from './order-steps';
import { connectPaymentMessages } from './payment-messages';
import { requiredSetting } from './required-setting';

/** Runs plain Express and pg. Not durable: a crash between a commit and a publish loses the message. */
async function main(): Promise<void> {
  const orders = new OrderSteps(connectDatabase(requiredSetting('DATABASE_URL')));
  const messages = await connectPaymentMessages(requiredSetting('AMQP_URL'));
  await messages.consume('PaymentStat', ({ orderId, success }) => orders.settle(orderId, success));
  serveOrders(async (order) => {
    const totalAmount = await orders.accept(order);
    const { orderId, customerId } = order;
    messages.publish('processPayment', { orderId, customerId, totalAmount }).catch(console.error);
  });
}

void main();
