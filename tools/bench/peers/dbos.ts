import { DBOS } from '@dbos-inc/dbos-sdk';
import { fromEnvironment } from '../candidates/required-setting';
import { serveOrders } from '../candidates/order-api';
import { connectDatabase, OrderSteps, type NewOrder } from '../candidates/order-steps';
import { connectPaymentMessages } from '../candidates/payment-messages';

const ANSWER_WITHIN_S = 600;

/** The saga with DBOS: its state is in the same PostgreSQL, and the answer comes as one of its messages. */
async function main(): Promise<void> {
  const databaseUrl = fromEnvironment('DATABASE_URL');
  const orders = new OrderSteps(connectDatabase(databaseUrl));
  const messages = await connectPaymentMessages(fromEnvironment('AMQP_URL'));
  const placeOrder = DBOS.registerWorkflow(
    async (order: NewOrder) => {
      const { orderId, customerId } = order;
      const totalAmount = await DBOS.runStep(() => orders.accept(order), { name: 'accept' });
      await DBOS.runStep(() => messages.publish('processPayment', { orderId, customerId, totalAmount }), {
        name: 'requestPayment',
      });
      const paid = await DBOS.recv<boolean>('payment', ANSWER_WITHIN_S);
      if (paid === null) throw new Error(`No answer to the payment of order ${orderId}.`);
      await DBOS.runStep(() => orders.settle(orderId, paid), { name: 'settle' });
    },
    { name: 'placeOrder' },
  );
  DBOS.setConfig({
    name: 'orders',
    systemDatabaseUrl: databaseUrl,
    logLevel: 'warn',
    systemDatabasePollingConcurrency: 0, // lifts a limit under which fewer orders settle: to its favour
  });
  await DBOS.launch();
  await messages.consume('PaymentStat', ({ orderId, success }) => DBOS.send(orderId, success, 'payment', orderId));
  serveOrders(async (order) => {
    await DBOS.startWorkflow(placeOrder, { workflowID: order.orderId })(order);
  });
}

void main();
