import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { PREDEFINED_CUSTOMER } from '@shop/order-management/catalog/predefined';
import { orderWorkflowId } from '@shop/workflows/contract';
import { readOrder, type OrderSources } from './order-record';
import { describeOrder } from './order-timeline';
import type { Print } from './progress';
import { withDatabase } from './with-database';

const CUSTOMER_ID = PREDEFINED_CUSTOMER.customerId;
/**
 * The product of the demonstration and of the examples in README.md, so its id never changes. A payment for one
 * piece succeeds. Two pieces cost more than $1,000, so the payment is declined and the order releases its stock.
 */
export const DEMONSTRATION_PRODUCT = {
  productId: 'c0ffee00-0600-4000-8000-000000000600',
  name: 'Espresso Machine',
  price: 600,
  description: 'Demonstration product: a payment for one piece succeeds, a payment for two is declined.',
  quantityAvailable: 1_000,
  productType: 'Home & Kitchen',
};
const SETTLE_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 10_000;

export interface Shop extends OrderSources {
  /** The base URL of the order service's REST API. */
  apiUrl: string;
  /** The URL of Temporal's Web UI; null if unknown. */
  uiUrl: string | null;
}

interface Order {
  orderId: string;
  orderStatus: string;
  paymentStatus: string;
}

/**
 * Places an order that is shipped and one that is declined, and prints their steps.
 *
 * @returns whether both ended as expected, including the stock
 */
export async function demonstrate(shop: Shop, print: Print): Promise<boolean> {
  await stockDemonstrationProduct(shop.databaseUrl);
  const { productId, name, price } = DEMONSTRATION_PRODUCT;
  const connection = await Connection.connect({ address: shop.temporalAddress, ...shop.temporalSecurity });
  const client = new Client({
    connection,
    namespace: shop.namespace,
    dataConverter: { payloadCodecs: [shop.codec] },
  });
  try {
    const shipped = await place(1, { orderStatus: 'shipped', paymentStatus: 'success', stockTaken: 1 });
    const declined = await place(2, { orderStatus: 'cancelled', paymentStatus: 'failed', stockTaken: 0 });
    return shipped && declined;
  } finally {
    await connection.close();
  }

  async function place(
    orderedQuantity: number,
    expected: { orderStatus: string; paymentStatus: string; stockTaken: number },
  ): Promise<boolean> {
    const stockBefore = await stockOf(shop.databaseUrl);
    print('');
    print(`POST ${shop.apiUrl}/order: ${orderedQuantity} × ${name}, $${orderedQuantity * price}`);
    const body = { customerId: CUSTOMER_ID, products: [{ productId, orderedQuantity }] };
    const { orderId } = await call<Order>(shop, 'POST', '/order', body);

    const { orderStatus, paymentStatus } = await settled(shop, orderId);
    // The saga closes a moment after the order is settled. If it fails, its timeline shows that.
    const saga = client.workflow.getHandle(orderWorkflowId(orderId));
    await connection.withDeadline(Date.now() + CLOSE_TIMEOUT_MS, () => saga.result()).catch(() => undefined);
    const record = await readOrder(shop, orderId);
    for (const line of record ? describeOrder(record) : []) print(`  ${line}`);
    const stockTaken = stockBefore - (await stockOf(shop.databaseUrl));
    const asExpected =
      orderStatus === expected.orderStatus &&
      paymentStatus === expected.paymentStatus &&
      stockTaken === expected.stockTaken;
    print(`  ${'Stock'.padEnd(9)} ${stockTaken} taken`);
    if (!asExpected) print(`  NOT as expected: ${JSON.stringify(expected)}`);
    if (shop.uiUrl) print(`  ${shop.uiUrl}/namespaces/${shop.namespace}/workflows/${orderWorkflowId(orderId)}`);
    return asExpected;
  }
}

/** Adds the product if it is missing, and restores its stock, which shipped orders use up. */
export async function stockDemonstrationProduct(databaseUrl: string): Promise<void> {
  const { productId, name, price, description, quantityAvailable, productType } = DEMONSTRATION_PRODUCT;
  await withDatabase(databaseUrl, (sql) =>
    sql.query(
      `INSERT INTO products (product_id, name, price, description, quantity_available, product_type)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (product_id)
       DO UPDATE SET quantity_available = greatest(products.quantity_available, excluded.quantity_available)`,
      [productId, name, price, description, quantityAvailable, productType],
    ),
  );
}

async function stockOf(databaseUrl: string): Promise<number> {
  const { rows } = await withDatabase(databaseUrl, (sql) =>
    sql.query<{ stock: number }>('SELECT quantity_available AS stock FROM products WHERE product_id = $1', [
      DEMONSTRATION_PRODUCT.productId,
    ]),
  );
  return rows[0]?.stock ?? Number.NaN;
}

/** Returns the order once it is settled, or as it is after a minute. */
async function settled(shop: Shop, orderId: string): Promise<Order> {
  for (const end = Date.now() + SETTLE_TIMEOUT_MS; ; await delay(100)) {
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
