import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { orderWorkflowId } from '@shop/workflows/contract';
import { Client, Connection } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes';
import { eventually } from './eventually';
import { createDatabase, createNamespace } from './servers';
import { ServiceProcess } from './service-process';

const MISCONFIGURED = /^misconfigured: Search attribute CustomerId of .* type INT, .* need KEYWORD\./;
let database: Awaited<ReturnType<typeof createDatabase>>;
let connection: Connection;
let namespace: string;
let service: ServiceProcess;

const register = (type: 'INT' | 'KEYWORD') =>
  connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: { CustomerId: encodeSearchAttributeIndexedValueType(type)! },
  });

async function changeTypeTo(type: 'INT' | 'KEYWORD'): Promise<void> {
  await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['CustomerId'] });
  await register(type);
}

beforeAll(async () => {
  database = await createDatabase('misconfigured');
  const temporal = await createNamespace('types');
  namespace = temporal.namespace;
  connection = await Connection.connect({ address: temporal.address });
  await register('INT');
  service = await ServiceProcess.launch('order-management', {
    DATABASE_URL: database.url,
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: namespace,
  });
});
afterAll(async () => {
  await ServiceProcess.endAll();
  await connection.close();
  await database.drop();
});

const place = async (): Promise<string> => {
  const products = [{ productId: PREDEFINED_PRODUCT.productId, orderedQuantity: 1 }];
  const order = { customerId: PREDEFINED_CUSTOMER.customerId, products };
  return (await service.request<{ orderId: string }>('POST', '/order', order)).orderId;
};

const expectNotReady = (): Promise<void> =>
  eventually(async () => {
    const response = await fetch(`${service.url}/readyz`);
    const { checks } = (await response.json()) as { checks: Record<string, string> };
    const actual = { status: response.status, temporal: checks['temporal'] };
    expect(actual).toEqual({ status: 503, temporal: expect.stringMatching(MISCONFIGURED) });
  }, 60_000);

const expectReadyAndRunning = (orderId: string): Promise<void> =>
  eventually(async () => {
    const saga = new Client({ connection, namespace }).workflow.getHandle(orderWorkflowId(orderId));
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    expect((await saga.describe()).status.name).toBe('RUNNING');
  }, 60_000);

test('a search attribute of the wrong type refuses readiness until it is corrected; orders are accepted', async () => {
  await expectNotReady();
  expect(service.output).toMatch(/"level":"error".*Search attribute CustomerId/);
  const orderId = await place();

  await changeTypeTo('KEYWORD');

  await expectReadyAndRunning(orderId);
});

test('the same applies if the type is changed while the service runs', async () => {
  await changeTypeTo('INT');
  const orderId = await place();
  await expectNotReady();

  await changeTypeTo('KEYWORD');

  await expectReadyAndRunning(orderId);
});
