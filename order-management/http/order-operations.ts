import type { OrdersClient } from '@shop/prisma/clients';
import { scopedKey } from '@shop/runtime/access/scoped-key';
import type { Logger } from '@shop/runtime/log';
import { operation, type Operation } from '@shop/runtime/operation';
import { Problem } from '@shop/runtime/problem';
import { sendArray } from '@shop/runtime/send-array';
import { idParams } from '@shop/runtime/uuid-schemas';
import { MAX_AMOUNT } from '@shop/workflows/contract';
import { z } from 'zod';
import { PREDEFINED_CUSTOMER, PREDEFINED_PRODUCT } from '../catalog/predefined';
import { acceptOnce, type AcceptNeeds } from '../orders/accept-once';
import type { Refusal, Shortage } from '../orders/accept-order';
import { findOrder, findOrdersById } from '../orders/find-orders';
import { fingerprintOf, type KeptOrder } from '../orders/order-key';
import { findOrderDetails, type OrderDetails } from '../orders/order-details';
import { ordersAccepted } from '../orders/order-metrics';
import { canTransition, isFinal, OrderStatus } from '../orders/order-status';
import { deleteOrder, requestCancel } from '../orders/request-cancel';
import type { PlacedOrder } from '../orders/placed-order';
import type { SettlementWaits } from '../orders/settlement-waits';
import type { ReadClient } from '../reads/read-client';
import type { SagaStarter } from '../saga/saga-starter';
import type { Sagas } from '../saga/sagas';
import { readHeaders, readToken, sendToken, writeAnswer } from './consistency-token';
import { orderSearch, ordersOf } from '../search/order-search';
import type { Searches } from '../search/searches';
import { EXAMPLE_ORDER } from './examples';
import { messageJson, orderDetailsJson, orderJson, toOrderDetailsJson, toOrderJson } from './json';
import { OrderList } from './order-list';
import { orderNotFound } from './order-not-found';
import { pageHeaders, readSearch, searchProblems, searchQuery, sendPageHeaders } from './search-query';
import { idempotencyKey, orderBody, wait } from './schemas';

export interface OrderOperationsNeeds extends AcceptNeeds {
  reads: ReadClient;
  starter: Pick<SagaStarter, 'start'>;
  sagas: Pick<Sagas, 'signalCancel'>;
  searches: Searches;
  waits: Pick<SettlementWaits, 'wait'>;
  /** Returns the URL of an order's saga in Temporal's Web UI. */
  sagaUrl: (orderId: string) => string;
  /** Aborted when the service begins to stop. */
  stopping?: AbortSignal;
}

const tag = 'Orders';

/** The operations of orders: place, list, read, cancel and delete. */
export function orderOperations(needs: OrderOperationsNeeds): Operation[] {
  const { database, reads, starter, sagas, searches, waits, sagaUrl, stopping } = needs;
  const orderList = new OrderList({ reads, ...(stopping && { stopping }) });

  const placeOrder = operation({
    id: 'placeOrder',
    method: 'post',
    path: '/order',
    tag,
    access: 'customer',
    summary: 'Place an order',
    description:
      'Answers immediately with the order in the status `placed`, before the payment. A client that does not know whether ' +
      'its order was accepted may repeat the request with the same `Idempotency-Key`: it receives the first order in ' +
      'its current state.',
    headers: z.object({ 'Idempotency-Key': idempotencyKey.optional() }),
    body: orderBody,
    responses: { 201: writeAnswer('The placed order.', orderJson) },
    problems: [
      'insufficient-stock',
      'unknown-customer',
      'unknown-product',
      'product-retired',
      'order-total-too-large',
      'idempotency-key-reused',
      'idempotency-key-expired',
      'too-many-unsettled-orders',
    ],
    example: {
      headers: { 'Idempotency-Key': '3f2c7a1e' },
      body: {
        customerId: PREDEFINED_CUSTOMER.customerId,
        products: [{ productId: PREDEFINED_PRODUCT.productId, orderedQuantity: 2 }],
      },
    },
    handle: async ({ headers: { 'Idempotency-Key': key }, body: { customerId, products }, caller, response }) => {
      if (caller.customerId !== null && caller.customerId !== customerId) {
        throw new Problem(
          'forbidden',
          `This credential belongs to customer ${caller.customerId}, who cannot order for another.`,
        );
      }
      const requested = { customerId, lines: products };
      const orderKey =
        key === undefined ? null : { key: scopedKey(caller, key), fingerprint: fingerprintOf(requested) };
      orderList.giveWay();
      const outcome = await acceptOnce(needs, requested, orderKey, caller);
      if ('orderId' in outcome) {
        const existing = await readOrderOfKey(outcome);
        await sendToken(response, reads);
        response.status(201).json(toOrderJson(existing));
        return;
      }
      if (!outcome.accepted) throw refusalProblem(outcome, customerId);
      ordersAccepted.inc();
      const { order, totalAmount } = outcome;
      // The order is committed, and its row is its own outbox: the response does not wait for the start of the saga. If
      // the start fails, the sweeper starts the saga later.
      starter.start({ orderId: order.orderId, customerId, totalAmount });
      response.locals.log.info({ orderId: order.orderId }, 'order accepted');
      await sendToken(response, reads);
      response.status(201).json(toOrderJson(order));
    },
  });

  const listOrders = operation({
    id: 'listOrders',
    method: 'get',
    path: '/order',
    tag,
    access: 'customer',
    summary: 'List or search orders',
    description:
      'A customer receives only its own orders. Without parameters, the answer contains all orders that are not deleted, the ' +
      'oldest first, and none of the headers ' +
      'of a page. It is streamed: it has no `Content-Length`, and orders that are placed after its beginning are not in ' +
      'it. If it cannot be completed, the connection is closed before the end of the array. With any parameter, it is one page of the orders that match.',
    query: searchQuery(orderSearch),
    headers: readHeaders,
    responses: { 200: { description: 'The orders.', schema: z.array(orderJson), headers: pageHeaders } },
    problems: searchProblems,
    example: { query: { filter: "order_status = 'shipped' AND NOT price > 50", sort: '-order_date', limit: 10 } },
    handle: async ({ query, caller, request, response, release }) => {
      release(); // lists and searches have limits of their own
      if (Object.keys(request.query).length === 0) return orderList.send(request, response, caller.customerId);
      const after = readToken(request);
      const search = readSearch(query, orderSearch, ordersOf(caller.customerId));
      const found = await searches.find(orderSearch, search, findOrdersById, after);
      sendPageHeaders(request, response, search, found);
      await sendArray(response, found.items.map(toOrderJson));
    },
  });

  const readOrder = operation({
    id: 'readOrder',
    method: 'get',
    path: '/order/{id}',
    tag,
    access: 'customer',
    summary: 'Read an order',
    description:
      'With `wait`, the answer is held until the order is settled. If that takes longer, the answer shows the order as it is.',
    params: idParams('order'),
    query: z.object({
      wait: wait.optional().meta({ description: 'How long to wait, at most 60 seconds.' }),
    }),
    headers: readHeaders,
    responses: { 200: { description: 'The order.', schema: orderDetailsJson } },
    problems: ['order-not-found', 'too-many-waits'],
    example: { params: { id: EXAMPLE_ORDER }, query: { wait: '10ms' } },
    handle: async ({ params: { id }, query: { wait: waitMs = 0 }, caller, request, response, release }) => {
      const find = (source: OrdersClient) => findOrderDetails(source, id, caller.customerId);
      let order = await reads.read(find, readToken(request));
      if (waitMs > 0 && isPlaced(order)) {
        release();
        const settled = await waits.wait(id, waitMs, response);
        order = await reads.read(find, readToken(request));
        if (settled && isPlaced(order)) order = await find(database); // another secondary, which is behind
      }
      if (!order) throw orderNotFound(id);
      response.json(toOrderDetailsJson(order, { prefix: request.baseUrl, sagaUrl: sagaUrl(id) }));
    },
  });

  const cancelOrder = operation({
    id: 'cancelOrder',
    method: 'post',
    path: '/order/{id}/cancel',
    tag,
    access: 'customer',
    summary: 'Cancel an order that is not settled',
    description: 'The saga of the order cancels it, releases its stock and refunds a payment.',
    params: idParams('order'),
    responses: { 202: writeAnswer('The order is being cancelled.', messageJson) },
    problems: ['order-not-found', 'order-not-cancellable'],
    example: { params: { id: EXAMPLE_ORDER } },
    handle: async ({ params: { id }, caller, response }) => {
      const status = await requestCancel(database, id, caller);
      if (status === null) throw orderNotFound(id);
      if (!canTransition(status, OrderStatus.cancelled)) {
        throw new Problem('order-not-cancellable', `Order ${id} is already ${status} and cannot be cancelled.`);
      }
      response.locals.log.info({ orderId: id }, 'cancel requested');
      signalCancel(id, response.locals.log);
      await sendToken(response, reads);
      response.status(202).json({ message: `Order ${id} is being cancelled.` });
    },
  });

  const removeOrder = operation({
    id: 'deleteOrder',
    method: 'delete',
    path: '/order/{id}',
    tag,
    access: 'operator',
    summary: 'Delete an order',
    description: 'Hides the order, and cancels it if it is not settled.',
    params: idParams('order'),
    responses: { 200: writeAnswer('The order was deleted.', messageJson) },
    problems: ['order-not-found'],
    example: { params: { id: EXAMPLE_ORDER } },
    handle: async ({ params: { id }, caller, response }) => {
      const status = await deleteOrder(database, id, caller);
      if (status === null) throw orderNotFound(id);
      response.locals.log.info({ orderId: id }, 'order deleted');
      if (!isFinal(status)) signalCancel(id, response.locals.log);
      await sendToken(response, reads);
      response.json({ message: `Order ${id} was deleted.` });
    },
  });

  /**
   * Reads the current state of the order that was placed with a key.
   *
   * @throws {Problem} 422 if the key belongs to a different order, 409 if its order was deleted
   */
  async function readOrderOfKey({ orderId, sameRequest }: KeptOrder): Promise<PlacedOrder> {
    if (!sameRequest) {
      throw new Problem(
        'idempotency-key-reused',
        `This Idempotency-Key belongs to the different order ${orderId}. Use a new key.`,
      );
    }
    const order = await findOrder(database, orderId);
    if (order) return order;
    throw new Problem(
      'idempotency-key-expired',
      `This Idempotency-Key belongs to order ${orderId}, which was deleted. Use a new key.`,
    );
  }

  /** Signals the cancel, which is committed already, to the saga. If that fails, the sweeper repeats it. */
  function signalCancel(orderId: string, log: Logger): void {
    sagas.signalCancel(orderId).catch((error: unknown) => {
      log.warn({ orderId, err: error }, 'could not signal the cancel; the sweeper will retry');
    });
  }

  return [placeOrder, listOrders, readOrder, cancelOrder, removeOrder];
}

const isPlaced = (order: OrderDetails | null): boolean => order !== null && !isFinal(order.orderStatus);

/** Explains to the client why an order was refused. */
function refusalProblem(outcome: Refusal, customerId: string): Problem {
  if (outcome.why === 'unknown customer')
    return new Problem('unknown-customer', `Customer ${customerId} does not exist.`);
  if (outcome.why === 'retired') {
    return new Problem(
      'product-retired',
      outcome.productIds.map((productId) => `Product ${productId} is retired.`).join(' '),
    );
  }
  if (outcome.why === 'short') return shortageProblem(outcome.shortages);
  return new Problem(
    'order-total-too-large',
    `The order total of $${outcome.totalAmount} exceeds the maximum of $${MAX_AMOUNT}.`,
  );
}

function shortageProblem(shortages: Shortage[]): Problem {
  const unknown = shortages.filter((line) => line.available === null);
  if (unknown.length > 0) {
    return new Problem(
      'unknown-product',
      unknown.map(({ productId }) => `Product ${productId} does not exist.`).join(' '),
    );
  }
  const detail = shortages
    .map(
      ({ productId, ordered, available }) =>
        `Product ${productId} has ${available} ${available === 1 ? 'unit' : 'units'} left; the order needs ${ordered}.`,
    )
    .join(' ');
  return new Problem('insufficient-stock', detail, { members: { shortages } });
}
