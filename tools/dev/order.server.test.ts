import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { orderWorkflowId } from '@shop/workflows/contract';
import { Client, Connection } from '@temporalio/client';
import { eventually } from '../../test/eventually';
import { createDatabase, createNamespace } from '../../test/servers';
import { ServiceProcess } from '../../test/service-process';
import { DEMONSTRATION_PRODUCT, stockDemonstrationProduct } from './demonstration';
import { paymentsDatabaseOf } from './service-program';

let database: Awaited<ReturnType<typeof createDatabase>>;
let environment: NodeJS.ProcessEnv;
let orders: ServiceProcess;
let payments: ServiceProcess;

beforeAll(async () => {
  database = await createDatabase('order');
  const { address, namespace } = await createNamespace('order');
  environment = {
    PATH: process.env['PATH'],
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
  };
  orders = await ServiceProcess.start('order-management', environment);
  payments = await startPayments();
  await stockDemonstrationProduct(database.url);
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await database.drop();
});

const startPayments = (): Promise<ServiceProcess> =>
  ServiceProcess.start('payment-processing', { ...environment, DATABASE_URL: paymentsDatabaseOf(database.url) });

async function place(orderedQuantity: number): Promise<string> {
  const { customerId } = PREDEFINED_CUSTOMER;
  const products = [{ productId: DEMONSTRATION_PRODUCT.productId, orderedQuantity }];
  return (await orders.request<{ orderId: string }>('POST', '/order', { customerId, products })).orderId;
}

/** Runs `make order`. */
async function order(id: string): Promise<string> {
  const program = join(__dirname, 'dist', 'order.js');
  return (await promisify(execFile)(process.execPath, [program, id], { env: environment })).stdout;
}

test('prints the timeline of a shipped order, also when Temporal has deleted its saga', async () => {
  const id = await place(1);
  await eventually(async () =>
    expect(await order(id)).toMatch(
      /Amount {4}\$600\.00\nOutcome {3}shipped\nPayment {3}[-\da-f]{36}, \$600\.00, success\n.*Order accepted, by anonymous\n[^]*Saga started[^]*Payment requested[^]*Order shipped: paid by payment/,
    ),
  );
  const connection = await Connection.connect({ address: environment['TEMPORAL_ADDRESS']! });
  const namespace = environment['TEMPORAL_NAMESPACE']!;
  await new Client({ connection, namespace }).workflow.getHandle(orderWorkflowId(id)).result();

  await connection.workflowService.deleteWorkflowExecution({
    namespace,
    workflowExecution: { workflowId: orderWorkflowId(id) },
  });
  await connection.close();

  await eventually(async () => expect(await order(id)).toContain('Temporal has no saga of this order'), 120_000);
  expect(await order(id)).toMatch(
    /Outcome {3}shipped\n[^]*Order accepted, by anonymous\n.*Payment stored.*success\n.*Order shipped\n$/,
  );
});

test('prints why a payment was declined', async () => {
  const id = await place(2);

  await eventually(async () =>
    expect(await order(id)).toMatch(
      /Outcome {3}cancelled\nWhy {7}payment-declined: total amount over \$1000\n[^]*Payment answered: declined/,
    ),
  );
});

test('prints what an order waits for, and the refund of an order that was cancelled meanwhile', async () => {
  await payments.end('SIGTERM');
  const id = await place(1);
  await eventually(async () =>
    expect(await order(id)).toMatch(/Outcome {3}placed: awaiting payment\n[^]*Payment requested/),
  );

  await fetch(`${orders.url}/orderManagement/order/${id}/cancel`, { method: 'POST' });

  await eventually(async () => {
    const output = await order(id);
    expect(output).toMatch(/Outcome {3}cancelled\nWhy {7}customer-cancelled: The customer cancelled the order\.\n/);
    expect(output).toMatch(/Refund {4}of whatever was charged: due since 2/);
    expect(output).toMatch(new RegExp(`workflow refund-${id}: running`));
  });

  payments = await startPayments();

  await eventually(async () => {
    const output = await order(id);
    expect(output).toMatch(new RegExp(`workflow refund-${id}: completed`));
    expect(output).toMatch(/Payment stored by payment-processing: (void|refunded)/);
  });
});

test('prints that an order does not exist', async () => {
  const id = randomUUID();

  await expect(order(id)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(`has no order ${id}`) });
  await expect(order('first')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('Set ID to the id') });
});
