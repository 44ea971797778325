import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { TemporalSecurity } from '@shop/runtime/temporal-security';
import { orderWorkflowId } from '@shop/workflows/contract';
import type { Say } from './progress';
import { tellSaga } from './saga-story';

const CUSTOMER_ID = 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce';
const PRODUCT = {
  name: 'Espresso Machine',
  price: 600,
  description: 'For the demonstration: one is paid, two are declined.',
  quantityAvailable: 1_000,
  productType: 'Home & Kitchen',
};
const SETTLES_WITHIN_MS = 60_000;
const RECORDS_WITHIN_MS = 10_000;

export interface Shop {
  /** Of the order service's REST API. */
  apiUrl: string;
  temporalAddress: string;
  temporalSecurity: TemporalSecurity;
  namespace: string;
  /** Of Temporal's Web UI; null where we do not know of one. */
  uiUrl: string | null;
}

interface Product {
  productId: string;
  name: string;
  quantityAvailable: number;
}

interface Order {
  orderId: string;
  orderStatus: string;
  paymentStatus: string;
}

/**
 * Places an order that ships and one that is declined, and tells what happens to them, step by step.
 *
 * @returns whether both ended as they should, stock included
 */
export async function demonstrate(shop: Shop, say: Say): Promise<boolean> {
  const product = (await productToSell(shop)) ?? (await call<Product>(shop, 'POST', '/product', PRODUCT));
  const connection = await Connection.connect({ address: shop.temporalAddress, ...shop.temporalSecurity });
  const client = new Client({ connection, namespace: shop.namespace });
  try {
    const shipped = await place(1, product, { orderStatus: 'shipped', paymentStatus: 'success', stockTaken: 1 });
    const declined = await place(2, product, { orderStatus: 'cancelled', paymentStatus: 'failed', stockTaken: 0 });
    return shipped && declined;
  } finally {
    await connection.close();
  }

  async function place(
    orderedQuantity: number,
    { productId, name }: Product,
    wanted: { orderStatus: string; paymentStatus: string; stockTaken: number },
  ): Promise<boolean> {
    const before = await stockOf(shop, productId);
    say('');
    say(`Order: ${orderedQuantity} × ${name}, $${orderedQuantity * PRODUCT.price}`);
    const body = { customerId: CUSTOMER_ID, products: [{ productId, orderedQuantity }] };
    const { orderId } = await call<Order>(shop, 'POST', '/order', body);
    say(`  POST /orderManagement/order answered 201, order ${orderId}`);

    const { orderStatus, paymentStatus } = await settled(shop, orderId);
    // The saga records its last step a moment after the order's row has settled; where it fails, its story shows that.
    const saga = client.workflow.getHandle(orderWorkflowId(orderId));
    await connection.withDeadline(Date.now() + RECORDS_WITHIN_MS, () => saga.result()).catch(() => undefined);
    for (const { afterMs, text } of await tellSaga(client, orderId))
      say(`  ${String(afterMs).padStart(6)} ms  ${text}`);
    const stockTaken = before - (await stockOf(shop, productId));
    const asItShould =
      orderStatus === wanted.orderStatus && paymentStatus === wanted.paymentStatus && stockTaken === wanted.stockTaken;
    say(
      `  it is ${orderStatus}, its payment ${paymentStatus}, stock taken: ${stockTaken}${asItShould ? '' : ' — NOT as it should be'}`,
    );
    if (shop.uiUrl) say(`  ${shop.uiUrl}/namespaces/${shop.namespace}/workflows/${orderWorkflowId(orderId)}`);
    return asItShould;
  }
}

async function productToSell(shop: Shop): Promise<Product | undefined> {
  const products = await call<Product[]>(shop, 'GET', '/products?paginationLimit=1000');
  return products.find(({ name, quantityAvailable }) => name === PRODUCT.name && quantityAvailable >= 3);
}

async function stockOf(shop: Shop, productId: string): Promise<number> {
  const products = await call<Product[]>(shop, 'GET', '/products?paginationLimit=1000');
  return products.find((product) => product.productId === productId)?.quantityAvailable ?? Number.NaN;
}

/** The order once it has left `placed`; as it stands where that takes too long. */
async function settled(shop: Shop, orderId: string): Promise<Order> {
  for (const end = Date.now() + SETTLES_WITHIN_MS; ; await delay(100)) {
    const order = await call<Order>(shop, 'GET', `/order/${orderId}`);
    if (order.orderStatus !== 'placed' || Date.now() > end) return order;
  }
}

async function call<T>({ apiUrl }: Shop, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${apiUrl}${path}`, {
    method,
    ...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${apiUrl}${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
