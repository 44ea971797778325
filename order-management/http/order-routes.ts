import type { OrdersClient } from '@shop/prisma/clients';
import { jsonBody } from '@shop/service/json-body';
import type { Logger } from '@shop/service/log';
import { Problem } from '@shop/service/problem';
import { refuseOtherMethods } from '@shop/service/refuse-other-methods';
import { Router } from 'express';
import { acceptOnce } from '../orders/accept-once';
import type { OrderRequest, Shortage } from '../orders/accept-order';
import { findOrder, findOrders } from '../orders/find-orders';
import { fingerprintOf, type KeptOrder, type OrderKey } from '../orders/order-key';
import { deleteOrder, requestCancel } from '../orders/request-cancel';
import type { PlacedOrder } from '../orders/placed-order';
import type { SagaStarter } from '../saga/saga-starter';
import type { Sagas } from '../saga/sagas';
import { orderBody, readBody, readId } from './schemas';
import { orderOnWire } from './wire';

export interface OrderRoutesNeeds {
  database: OrdersClient;
  starter: Pick<SagaStarter, 'start'>;
  sagas: Pick<Sagas, 'tellCancel'>;
  /** When the sweeper is to look at a new order. */
  examineAfterMs: number;
}

/** Orders: place, list, cancel, delete. */
export function orderRoutes({ database, starter, sagas, examineAfterMs }: OrderRoutesNeeds): Router {
  const routes = Router();

  routes.post('/order', jsonBody, async (request, response) => {
    const { customerId, products } = readBody(orderBody, request.body);
    const wanted = { customerId, lines: products };
    const key = readKey(request.get('Idempotency-Key'), wanted);
    const outcome = await acceptOnce(database, wanted, examineAfterMs, key);
    if ('orderId' in outcome) {
      response.status(201).json(orderOnWire(await orderOfKey(outcome)));
      return;
    }
    if (!outcome.accepted) {
      throw outcome.unknownCustomer
        ? new Problem(422, `There is no customer ${customerId}.`)
        : shortageProblem(outcome.shortages);
    }
    const { order, totalAmount } = outcome;
    // Committed: the row is its own outbox. The saga starts apart from this request; the sweeper starts what that loses.
    starter.start({ orderId: order.orderId, customerId, totalAmount });
    response.locals.log.info({ orderId: order.orderId }, 'order accepted');
    response.status(201).json(orderOnWire(order));
  });

  routes.get('/order', async (_request, response) => {
    const orders = await findOrders(database);
    response.json(orders.map(orderOnWire));
  });

  routes.get('/order/:id', async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const order = await findOrder(database, orderId);
    if (!order) throw new Problem(404, `There is no order ${orderId}.`);
    response.json(orderOnWire(order));
  });

  routes.post('/order/:id/cancel', async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const status = await requestCancel(database, orderId);
    if (status === null) throw new Problem(404, `There is no order ${orderId}.`);
    if (status !== 'placed') throw new Problem(409, `Order ${orderId} is ${status} already and cannot be cancelled.`);
    nudge(orderId, response.locals.log);
    response.status(202).json({ message: `Order ${orderId} is being cancelled.` });
  });

  routes.delete('/order/:id', async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const status = await deleteOrder(database, orderId);
    if (status === null) throw new Problem(404, `There is no order ${orderId}.`);
    if (status === 'placed') nudge(orderId, response.locals.log);
    response.json({ message: `Order ${orderId} was deleted.` });
  });

  /** The order that a key has placed, as it stands now. @throws Problem where it is another, or was deleted */
  async function orderOfKey({ orderId, sameRequest }: KeptOrder): Promise<PlacedOrder> {
    if (!sameRequest) {
      throw new Problem(422, `This Idempotency-Key has placed order ${orderId}, which is another: send another key.`);
    }
    const order = await findOrder(database, orderId);
    if (order) return order;
    throw new Problem(409, `Order ${orderId}, which this Idempotency-Key placed, was deleted: send another key.`);
  }

  /** Tells the saga now what its row says already; where that fails, the sweeper will. */
  function nudge(orderId: string, log: Logger): void {
    sagas.tellCancel(orderId).catch((error: unknown) => {
      log.warn({ orderId, err: error }, 'cancel not signalled; the sweeper will');
    });
  }

  return refuseOtherMethods(routes);
}

/** A client's name for one order. @throws Problem 400 where it cannot be one */
function readKey(key: string | undefined, wanted: OrderRequest): OrderKey | null {
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem(400, 'The Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }
  return { key, fingerprint: fingerprintOf(wanted) };
}

function shortageProblem(shortages: Shortage[]): Problem {
  const unknown = shortages.filter((line) => line.available === null);
  if (unknown.length > 0) {
    return new Problem(422, unknown.map(({ productId }) => `There is no product ${productId}.`).join(' '));
  }
  const detail = shortages
    .map(
      ({ productId, ordered, available }) =>
        `Not enough stock of product ${productId}: ${ordered} ordered, ${available} left.`,
    )
    .join(' ');
  return new Problem(409, detail, { members: { shortages } });
}
