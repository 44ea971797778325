import createClient from 'openapi-fetch';
import type { paths } from '@shop/openapi/order-management'; // openapi-typescript docs/openapi/order-management.json

export async function placeAndRead(baseUrl: string, customerId: string, productId: string) {
  const client = createClient<paths>({ baseUrl });
  const placed = await client.POST('/orderManagement/order', {
    body: { customerId, products: [{ productId, orderedQuantity: 1 }] },
  });
  if (placed.error) throw new Error(`${placed.error.code}: ${placed.error.detail}`);
  const { orderId: id } = placed.data;
  const read = await client.GET('/orderManagement/order/{id}', { params: { path: { id } } });
  return read.data?.orderStatus;
}
