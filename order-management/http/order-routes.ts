import { jsonBody } from '@shop/runtime/json-body';
import type { Logger } from '@shop/runtime/log';
import { Problem } from '@shop/runtime/problem';
import { queryParameters } from '@shop/runtime/query-parameters';
import { refuseOtherMethods } from '@shop/runtime/refuse-other-methods';
import { MAX_AMOUNT } from '@shop/workflows/contract';
import { Router } from 'express';
import { acceptOnce, type AcceptNeeds } from '../orders/accept-once';
import type { OrderRequest, Refusal, Shortage } from '../orders/accept-order';
import { findOrder, findOrders } from '../orders/find-orders';
import { fingerprintOf, type KeptOrder, type OrderKey } from '../orders/order-key';
import { canTransition, isFinal, OrderStatus } from '../orders/order-status';
import { deleteOrder, requestCancel } from '../orders/request-cancel';
import type { PlacedOrder } from '../orders/placed-order';
import type { ReadClient } from '../reads/read-client';
import type { SagaStarter } from '../saga/saga-starter';
import type { Sagas } from '../saga/sagas';
import { readToken, sendToken } from './consistency-token';
import { orderBody, readBody, readId } from './schemas';
import { toOrderJson } from './json';

export interface OrderRoutesNeeds extends AcceptNeeds {
  reads: ReadClient;
  starter: Pick<SagaStarter, 'start'>;
  sagas: Pick<Sagas, 'signalCancel'>;
}

/** Serves the paths of orders: place, list, read, cancel and delete. */
export function orderRoutes(needs: OrderRoutesNeeds): Router {
  const { database, reads, starter, sagas } = needs;
  const routes = Router();

  routes.post('/order', queryParameters(), jsonBody, async (request, response) => {
    const { customerId, products } = readBody(orderBody, request.body);
    const requested = { customerId, lines: products };
    const key = readKey(request.get('Idempotency-Key'), requested);
    const outcome = await acceptOnce(needs, requested, key);
    if ('orderId' in outcome) {
      const existing = await readOrderOfKey(outcome);
      await sendToken(response, reads);
      response.status(201).json(toOrderJson(existing));
      return;
    }
    if (!outcome.accepted) throw refusalProblem(outcome, customerId);
    const { order, totalAmount } = outcome;
    // The order is committed, and its row is its own outbox: the response does not wait for the start of the saga. If
    // the start fails, the sweeper starts the saga later.
    starter.start({ orderId: order.orderId, customerId, totalAmount });
    response.locals.log.info({ orderId: order.orderId }, 'order accepted');
    await sendToken(response, reads);
    response.status(201).json(toOrderJson(order));
  });

  routes.get('/order', queryParameters(), async (request, response) => {
    const orders = await reads.read(findOrders, readToken(request));
    response.json(orders.map(toOrderJson));
  });

  routes.get('/order/:id', queryParameters(), async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const order = await reads.read((source) => findOrder(source, orderId), readToken(request));
    if (!order) throw orderNotFound(orderId);
    response.json(toOrderJson(order));
  });

  routes.post('/order/:id/cancel', queryParameters(), async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const status = await requestCancel(database, orderId);
    if (status === null) throw orderNotFound(orderId);
    if (!canTransition(status, OrderStatus.cancelled)) {
      throw new Problem(409, `Order ${orderId} is already ${status} and cannot be cancelled.`);
    }
    signalCancel(orderId, response.locals.log);
    await sendToken(response, reads);
    response.status(202).json({ message: `Order ${orderId} is being cancelled.` });
  });

  routes.delete('/order/:id', queryParameters(), async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const status = await deleteOrder(database, orderId);
    if (status === null) throw orderNotFound(orderId);
    if (!isFinal(status)) signalCancel(orderId, response.locals.log);
    await sendToken(response, reads);
    response.json({ message: `Order ${orderId} was deleted.` });
  });

  /**
   * Reads the current state of the order that was placed with a key.
   *
   * @throws {Problem} 422 if the key belongs to a different order, 409 if its order was deleted
   */
  async function readOrderOfKey({ orderId, sameRequest }: KeptOrder): Promise<PlacedOrder> {
    if (!sameRequest) {
      throw new Problem(422, `This Idempotency-Key belongs to the different order ${orderId}. Use a new key.`);
    }
    const order = await findOrder(database, orderId);
    if (order) return order;
    throw new Problem(409, `This Idempotency-Key belongs to order ${orderId}, which was deleted. Use a new key.`);
  }

  /** Signals the cancel, which is committed already, to the saga. If that fails, the sweeper repeats it. */
  function signalCancel(orderId: string, log: Logger): void {
    sagas.signalCancel(orderId).catch((error: unknown) => {
      log.warn({ orderId, err: error }, 'could not signal the cancel; the sweeper will retry');
    });
  }

  return refuseOtherMethods(routes);
}

/** Reads the key under which a client places one order. @throws {Problem} 400 if the header is not a valid key */
function readKey(key: string | undefined, requested: OrderRequest): OrderKey | null {
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem(400, 'The Idempotency-Key must consist of 1 to 255 visible ASCII characters.');
  }
  return { key, fingerprint: fingerprintOf(requested) };
}

const orderNotFound = (orderId: string): Problem => new Problem(404, `Order ${orderId} does not exist.`);

/** Explains to the client why an order was refused. */
function refusalProblem(outcome: Refusal, customerId: string): Problem {
  if (outcome.why === 'unknown customer') return new Problem(422, `Customer ${customerId} does not exist.`);
  if (outcome.why === 'short') return shortageProblem(outcome.shortages);
  return new Problem(422, `The order total of $${outcome.totalAmount} exceeds the maximum of $${MAX_AMOUNT}.`);
}

function shortageProblem(shortages: Shortage[]): Problem {
  const unknown = shortages.filter((line) => line.available === null);
  if (unknown.length > 0) {
    return new Problem(422, unknown.map(({ productId }) => `Product ${productId} does not exist.`).join(' '));
  }
  const detail = shortages
    .map(
      ({ productId, ordered, available }) =>
        `Product ${productId} has ${available} ${available === 1 ? 'unit' : 'units'} left; the order needs ${ordered}.`,
    )
    .join(' ');
  return new Problem(409, detail, { members: { shortages } });
}
