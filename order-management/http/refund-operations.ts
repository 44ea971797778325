import type { OrdersClient } from '@shop/prisma/clients';
import { operation, type Operation } from '@shop/runtime/operation';
import { pageLimit } from '@shop/runtime/page-limit';
import { Problem } from '@shop/runtime/problem';
import { listCursor, nextPageHeader, sendListPage } from '@shop/runtime/send-list-page';
import { idParams, uuid } from '@shop/runtime/uuid-schemas';
import { z } from 'zod';
import { findRefundsDue } from '../orders/find-refunds-due';
import { settledStatusOf, isFinal, OrderStatus } from '../orders/order-status';
import { requestRefund, type RefundRequest } from '../orders/request-refund';
import type { ReadClient } from '../reads/read-client';
import type { Sagas } from '../saga/sagas';
import { readHeaders, readToken, sendToken, writeAnswer } from './consistency-token';
import { EXAMPLE_ORDER } from './examples';
import { refundDueJson, refundJson } from './json';
import { orderNotFound } from './order-not-found';
import { refundBody } from './schemas';

export interface RefundOperationsNeeds {
  database: OrdersClient;
  reads: ReadClient;
  sagas: Pick<Sagas, 'refundAgain'>;
}

const tag = 'Refunds';

/** The operations of refunds: request the refund of a shipped order, and list those that are due. */
export const refundOperations = ({ database, reads, sagas }: RefundOperationsNeeds): Operation[] => [
  operation({
    id: 'refundOrder',
    method: 'post',
    path: '/order/{id}/refund',
    tag,
    access: 'operator',
    summary: 'Refund the payment of a shipped order',
    description:
      'The order stays `shipped`; when the money is refunded, its `paymentStatus` is `refunded`. Repeating the request ' +
      'starts no second refund: the answer has the reason of the first request. The goods are not returned to the stock: ' +
      'use `POST /product/{id}/restock`.',
    params: idParams('order'),
    body: refundBody,
    bodyIsOptional: true,
    responses: {
      200: { description: 'The payment was refunded before.', schema: refundJson },
      202: writeAnswer('The payment is being refunded.', refundJson),
    },
    problems: ['order-not-found', 'order-not-refundable'],
    example: { params: { id: EXAMPLE_ORDER }, body: { reason: 'Damaged on arrival' } },
    handle: async ({ params: { id }, body: { reason }, caller, response }) => {
      const requested = await requestRefund(database, id, reason, caller);
      if (requested.outcome === 'not found') throw orderNotFound(id);
      if (requested.outcome === 'refused') throw new Problem('order-not-refundable', whyRefused(id, requested));
      if (requested.outcome === 'refunded') {
        const { refundId } = requested;
        response.json({ message: `The payment of order ${id} was refunded.`, refundId });
        return;
      }
      const { refund, isRepeated } = requested;
      response.locals.log.info({ ...refund, isRepeated }, 'refund requested');
      const started = sagas.refundAgain(refund);
      // The sweeper repeats a start that fails, but it drops a refund whose workflow an operator has ended after the first
      // request. A repeated request therefore waits for the start; the first one does not.
      if (isRepeated) await started;
      else {
        started.catch((error: unknown) => {
          response.locals.log.warn({ orderId: id, err: error }, 'could not start the refund; the sweeper will retry');
        });
      }
      await sendToken(response, reads);
      const message = `The payment of order ${id} is being refunded.`;
      response.status(202).json({
        message: isRepeated ? `${message} An earlier request gave the reason: ${refund.reason}` : message,
        refundId: refund.paymentId,
      });
    },
  }),

  operation({
    id: 'listRefunds',
    method: 'get',
    path: '/refunds',
    tag,
    access: 'operator',
    summary: 'List the refunds that are due',
    description:
      'One page of the refunds that have not ended, the oldest first. The amount is the total of the order: only the ' +
      'payment service knows what was charged. For a few seconds, a cancelled order without a payment is listed, too, ' +
      'because a payment may still arrive for it; `paymentId` is then null.',
    query: z.object({
      limit: pageLimit,
      cursor: listCursor,
      order_id: uuid.optional().meta({ description: 'Only the refunds of this order.' }),
    }),
    headers: readHeaders,
    responses: {
      200: { description: 'The refunds of the page.', schema: z.array(refundDueJson), headers: nextPageHeader },
    },
    cost: 'list',
    example: { query: { limit: 20 } },
    handle: async ({ query: { limit, cursor, order_id: orderId = null }, request, response }) => {
      const page = await reads.read(
        (source) => findRefundsDue(source, { limit, after: cursor, orderId }),
        readToken(request),
      );
      sendListPage(request, response, page);
    },
  }),
];

/** Explains why an order cannot be refunded, and what to do instead. */
function whyRefused(id: string, { orderStatus, paymentStatus }: RefundRequest & { outcome: 'refused' }): string {
  if (!isFinal(orderStatus)) return `Order ${id} is ${orderStatus}. Cancel it instead: a payment is then refunded.`;
  if (settledStatusOf(orderStatus) === OrderStatus.cancelled) {
    return `Order ${id} is cancelled: a payment of it is refunded without a request. See GET /refunds.`;
  }
  return (
    `The payment of order ${id} is ${paymentStatus} and was not recorded by this system. ` +
    'Refund it in the system that charged it.'
  );
}
