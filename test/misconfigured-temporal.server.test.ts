import { afterEach, expect, test } from '@jest/globals';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '@shop/order-management/catalog/predefined';
import { orderWorkflowId } from '@shop/workflows/contract';
import { Client, Connection } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes';
import { eventually } from './eventually';
import { createDatabase, createNamespace } from './servers';
import { ServiceProcess } from './service-process';

afterEach(() => ServiceProcess.endAll());

test('a search attribute of the wrong type refuses readiness until it is corrected; orders are accepted', async () => {
  const [database, { address, namespace }] = [await createDatabase('misconfigured'), await createNamespace('types')];
  const connection = await Connection.connect({ address });
  const register = (type: 'INT' | 'KEYWORD') =>
    connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { CustomerId: encodeSearchAttributeIndexedValueType(type)! },
    });
  await register('INT');
  const service = await ServiceProcess.launch('order-management', {
    DATABASE_URL: database.url,
    AMQP_URL: 'none',
    PAYMENT_CHANNEL: 'activity',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  });

  await eventually(async () => {
    const response = await fetch(`${service.url}/readyz`);
    const { checks } = (await response.json()) as { checks: Record<string, string> };
    expect({ status: response.status, temporal: checks['temporal'] }).toEqual({
      status: 503,
      temporal: expect.stringMatching(/^misconfigured: Search attribute CustomerId of .* type INT, .* need KEYWORD\./),
    });
  });
  expect(service.output).toMatch(/"level":"error".*Search attribute CustomerId/);
  const { orderId } = await service.request<{ orderId: string }>('POST', '/order', {
    customerId: PREDEFINED_CUSTOMER.customerId,
    products: [{ productId: PREDEFINED_PRODUCT.productId, orderedQuantity: 1 }],
  });

  await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['CustomerId'] });
  await register('KEYWORD');

  const client = new Client({ connection, namespace });
  await eventually(async () => {
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    expect((await client.workflow.getHandle(orderWorkflowId(orderId)).describe()).status.name).toBe('RUNNING');
  }, 60_000);
  await service.end('SIGTERM');
  await connection.close();
  await database.drop();
});
