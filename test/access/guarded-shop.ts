import { createOrderApp } from '@shop/order-management/http/app';
import type { Acceptance } from '@shop/order-management/orders/accept-order';
import { loadPredefined } from '@shop/order-management/catalog/predefined';
import { ReadClient } from '@shop/order-management/reads/read-client';
import { paymentApi } from '@shop/payment-processing/http/api';
import { connectOrders, connectPayments, type OrdersClient, type PaymentsClient } from '@shop/prisma/clients';
import { createApiKey, formatApiKey } from '@shop/runtime/access/api-key';
import { findApiKey, insertApiKey, type ApiKeyDatabase, type NewApiKey } from '@shop/runtime/access/api-key-store';
import type { AuthSettings } from '@shop/runtime/access/auth-settings';
import { createAuthenticate } from '@shop/runtime/access/authenticate';
import { createHttpApp, serveHttp } from '@shop/runtime/http-server';
import { parkedQueueWithoutBroker } from '../console-needs';
import { following } from '../following';
import type { Service } from '../openapi/documents';
import { createShopDatabase } from '../servers';
import { pino } from 'pino';

type Server = Awaited<ReturnType<typeof serveHttp>>;

/** The HTTP applications of both services in this process, with authentication. Sagas are not started. */
export class GuardedShop {
  private constructor(
    /** The lines of the log, of the level info and above. */
    readonly logged: Record<string, unknown>[],
    private readonly shop: Awaited<ReturnType<typeof createShopDatabase>>,
    readonly orders: OrdersClient,
    private readonly payments: PaymentsClient,
    private readonly servers: Record<Service, Server>,
  ) {}

  static async start(settings: AuthSettings): Promise<GuardedShop> {
    const shop = await createShopDatabase('access');
    const orders = connectOrders(shop.ordersUrl, { poolSize: 5 });
    const payments = connectPayments(shop.paymentsUrl, { poolSize: 5 });
    await loadPredefined(orders);
    const logged: Record<string, unknown>[] = [];
    const log = pino({}, { write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>) });
    const common = { log, readiness: async () => ({ ready: true, checks: {} }) };
    const orderApp = createOrderApp({
      ...common,
      ...following(orders),
      authenticate: createAuthenticate(settings, (prefix) => findApiKey(orders, prefix), log),
      database: orders,
      reads: new ReadClient(orders),
      starter: { start: () => undefined },
      sagas: { signalCancel: async () => true, refundAgain: async () => undefined },
      backlog: { admit: (accept: () => Promise<Acceptance>) => accept() },
      examineAfterMs: 60_000,
    });
    const paymentApp = createHttpApp({
      ...common,
      ...paymentApi({ database: payments, parked: parkedQueueWithoutBroker }),
      authenticate: createAuthenticate(settings, (prefix) => findApiKey(payments, prefix), log),
    });
    return new GuardedShop(logged, shop, orders, payments, {
      'order-management': await serveHttp(orderApp, 0),
      'payment-processing': await serveHttp(paymentApp, 0),
    });
  }

  async end(): Promise<void> {
    await Promise.all(Object.values(this.servers).map((server) => server.stop()));
    await Promise.all([this.orders.$disconnect(), this.payments.$disconnect()]);
    await this.shop.drop();
  }

  /** The databases of both services. */
  get databases(): ApiKeyDatabase[] {
    return [this.orders, this.payments];
  }

  urlOf(service: Service): string {
    return `http://localhost:${this.servers[service].port}`;
  }

  /** Creates the same API key for both services. @returns the key */
  async anApiKey(more: Partial<NewApiKey> = {}): Promise<string> {
    const key = createApiKey();
    const created = { name: 'test', role: 'operator' as const, customerId: null, expiresAt: null, ...more };
    for (const database of this.databases) await insertApiKey(database, key, created);
    return formatApiKey(key);
  }
}
