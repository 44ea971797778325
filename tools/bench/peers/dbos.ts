import { DBOS } from '@dbos-inc/dbos-sdk';
import { serveOrders } from '../candidates/order-api';
import { connectDatabase, OrderSteps, type NewOrder } from '../candidates/order-steps';
import { connectPaymentMessages } from '../candidates/payment-messages';
import { requiredSetting } from '../candidates/required-setting';

const ANSWER_TIMEOUT_S = 600;

/** Runs the saga on DBOS: the workflow state is in the same PostgreSQL, and the payment answer is a DBOS message. */
async function main(): Promise<void> {
  const databaseUrl = requiredSetting('DATABASE_URL');
  const orders = new OrderSteps(connectDatabase(databaseUrl));
  const messages = await connectPaymentMessages(requiredSetting('AMQP_URL'));
  const placeOrder = DBOS.registerWorkflow(
    async (order: NewOrder) => {
      const { orderId, customerId } = order;
      const totalAmount = await DBOS.runStep(() => orders.accept(order), { name: 'accept' });
      await DBOS.runStep(() => messages.publish('processPayment', { orderId, customerId, totalAmount }), {
        name: 'requestPayment',
      });
      const paid = await DBOS.recv<boolean>('payment', ANSWER_TIMEOUT_S);
      if (paid === null) throw new Error(`No payment answer for order ${orderId} within ${ANSWER_TIMEOUT_S} s.`);
      await DBOS.runStep(() => orders.settle(orderId, paid), { name: 'settle' });
    },
    { name: 'placeOrder' },
  );
  DBOS.setConfig({
    name: 'orders',
    systemDatabaseUrl: databaseUrl,
    logLevel: 'warn',
    systemDatabasePollingConcurrency: 0, // no limit: the default limit settles fewer orders per second
  });
  await DBOS.launch();
  await messages.consume('PaymentStat', ({ orderId, success }) => DBOS.send(orderId, success, 'payment', orderId));
  serveOrders(async (order) => {
    await DBOS.startWorkflow(placeOrder, { workflowID: order.orderId })(order);
  });
}

void main();
