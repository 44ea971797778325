import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { newcomerOrder, paymentSettled } from './newcomer-workflow';
import { serveOrders } from './order-api';
import { connectDatabase, OrderSteps, type NewOrder } from './order-steps';
import { connectPaymentMessages, type PaymentRequest } from './payment-messages';
import { requiredSetting } from './required-setting';

export interface NewcomerActivities {
  acceptOrder: (order: NewOrder) => Promise<number>;
  requestPayment: (request: PaymentRequest) => Promise<void>;
  settleOrder: (orderId: string, paid: boolean) => Promise<void>;
}

const TASK_QUEUE = 'orders';

/** Runs Temporal as newcomers use it: ordinary activities, no eager start, default options. */
async function main(): Promise<void> {
  const address = requiredSetting('TEMPORAL_ADDRESS');
  const orders = new OrderSteps(connectDatabase(requiredSetting('DATABASE_URL')));
  const messages = await connectPaymentMessages(requiredSetting('AMQP_URL'));
  const activities: NewcomerActivities = {
    acceptOrder: (order) => orders.accept(order),
    requestPayment: (request) => messages.publish('processPayment', request),
    settleOrder: (orderId, paid) => orders.settle(orderId, paid),
  };
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue: TASK_QUEUE,
    workflowsPath: require.resolve('./newcomer-workflow'),
    activities,
  });
  const client = new Client({ connection: await Connection.connect({ address }) });
  await messages.consume('PaymentStat', ({ orderId, success }) =>
    client.workflow.getHandle(orderId).signal(paymentSettled, success),
  );
  serveOrders(async (order) => {
    await client.workflow.start(newcomerOrder, { workflowId: order.orderId, taskQueue: TASK_QUEUE, args: [order] });
  });
  await worker.run(); // until SIGTERM, which Temporal's runtime handles
  process.exit();
}

void main();
