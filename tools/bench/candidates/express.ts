import { fromEnvironment } from './required-setting';
import { serveOrders } from './order-api';
import { connectDatabase, OrderSteps } from './order-steps';
import { connectPaymentMessages } from './payment-messages';

/** Plain Express and pg: what is lost between a commit and a publish is lost. */
async function main(): Promise<void> {
  const orders = new OrderSteps(connectDatabase(fromEnvironment('DATABASE_URL')));
  const messages = await connectPaymentMessages(fromEnvironment('AMQP_URL'));
  await messages.consume('PaymentStat', ({ orderId, success }) => orders.settle(orderId, success));
  serveOrders(async (order) => {
    const totalAmount = await orders.accept(order);
    const { orderId, customerId } = order;
    messages.publish('processPayment', { orderId, customerId, totalAmount }).catch(console.error);
  });
}

void main();
