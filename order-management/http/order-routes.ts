import { jsonBody } from '@shop/runtime/json-body';
import type { Logger } from '@shop/runtime/log';
import { Problem } from '@shop/runtime/problem';
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
import { orderOnWire } from './wire';

export interface OrderRoutesNeeds extends AcceptNeeds {
  reads: ReadClient;
  starter: Pick<SagaStarter, 'start'>;
  sagas: Pick<Sagas, 'tellCancel'>;
}

/** Orders: place, list, cancel, delete. */
export function orderRoutes(needs: OrderRoutesNeeds): Router {
  const { database, reads, starter, sagas } = needs;
  const routes = Router();

  routes.post('/order', jsonBody, async (request, response) => {
    const { customerId, products } = readBody(orderBody, request.body);
    const wanted = { customerId, lines: products };
    const key = readKey(request.get('Idempotency-Key'), wanted);
    const outcome = await acceptOnce(needs, wanted, key);
    if ('orderId' in outcome) {
      const kept = await orderOfKey(outcome);
      await sendToken(response, reads);
      response.status(201).json(orderOnWire(kept));
      return;
    }
    if (!outcome.accepted) {
      throw refusalOf(outcome, customerId);
    }
    const { order, totalAmount } = outcome;
    // Committed: the row is its own outbox. The saga starts apart from this request; the sweeper starts what that loses.
    starter.start({ orderId: order.orderId, customerId, totalAmount });
    response.locals.log.info({ orderId: order.orderId }, 'order accepted');
    await sendToken(response, reads);
    response.status(201).json(orderOnWire(order));
  });

  routes.get('/order', async (request, response) => {
    const orders = await reads.read(findOrders, readToken(request));
    response.json(orders.map(orderOnWire));
  });

  routes.get('/order/:id', async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const order = await reads.read((source) => findOrder(source, orderId), readToken(request));
    if (!order) throw new Problem(404, `There is no order ${orderId}.`);
    response.json(orderOnWire(order));
  });

  routes.post('/order/:id/cancel', async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const status = await requestCancel(database, orderId);
    if (status === null) throw new Problem(404, `There is no order ${orderId}.`);
    if (!canTransition(status, OrderStatus.cancelled)) {
      throw new Problem(409, `Order ${orderId} is already ${status} and cannot be cancelled.`);
    }
    nudge(orderId, response.locals.log);
    await sendToken(response, reads);
    response.status(202).json({ message: `Order ${orderId} is being cancelled.` });
  });

  routes.delete('/order/:id', async (request, response) => {
    const orderId = readId(request.params.id, 'order');
    const status = await deleteOrder(database, orderId);
    if (status === null) throw new Problem(404, `There is no order ${orderId}.`);
    if (!isFinal(status)) nudge(orderId, response.locals.log);
    await sendToken(response, reads);
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

/** Why an order was not accepted, as its customer is told. */
function refusalOf(outcome: Refusal, customerId: string): Problem {
  if (outcome.why === 'unknown customer') return new Problem(422, `There is no customer ${customerId}.`);
  if (outcome.why === 'short') return shortageProblem(outcome.shortages);
  return new Problem(422, `The order comes to $${outcome.totalAmount}, and at most $${MAX_AMOUNT} can be paid.`);
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
