import { createServer } from 'node:http2';
import { once } from 'node:events';
import { createEndpointHandler, workflow, type WorkflowContext } from '@restatedev/restate-sdk';
import { connect } from '@restatedev/restate-sdk-clients';
import { serveOrders } from '../candidates/order-api';
import { connectDatabase, OrderSteps, type NewOrder } from '../candidates/order-steps';
import { connectPaymentMessages } from '../candidates/payment-messages';
import { requiredSetting } from '../candidates/required-setting';

/** Runs the saga on Restate: its server calls the steps; the payment answer resolves an awakeable, whose id the message carries. */
async function main(): Promise<void> {
  const { RESTATE_INGRESS: ingress = '', RESTATE_ADMIN: admin = '', SERVICE_PORT: port = '' } = process.env;
  const orders = new OrderSteps(connectDatabase(requiredSetting('DATABASE_URL')));
  const messages = await connectPaymentMessages(requiredSetting('AMQP_URL'));
  const placeOrder = workflow({
    name: 'placeOrder',
    handlers: {
      run: async (context: WorkflowContext, order: NewOrder) => {
        const { orderId, customerId } = order;
        const totalAmount = await context.run('accept', () => orders.accept(order));
        const { id: reply, promise } = context.awakeable<boolean>();
        await context.run('requestPayment', () =>
          messages.publish('processPayment', { orderId, customerId, totalAmount, reply }),
        );
        const paid = await promise;
        await context.run('settle', () => orders.settle(orderId, paid));
      },
    },
  });

  const endpoint = createServer(createEndpointHandler({ services: [placeOrder] })).listen(Number(port), '127.0.0.1');
  await once(endpoint, 'listening');
  const registered = await fetch(`${admin}/deployments`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${port}`, force: true }),
  });
  if (!registered.ok) throw new Error(`Restate rejected the deployment: ${await registered.text()}`);

  const restate = connect({ url: ingress });
  await messages.consume('PaymentStat', ({ reply = '', success }) => restate.resolveAwakeable(reply, success));
  serveOrders(async (order) => {
    await restate.workflowClient<typeof placeOrder>({ name: 'placeOrder' }, order.orderId).workflowSubmit(order);
  });
}

void main();
