import type { PaymentsClient } from '@shop/prisma/clients';
import { operation, type Operation } from '@shop/runtime/operation';
import { pageLimit } from '@shop/runtime/page-limit';
import { Problem } from '@shop/runtime/problem';
import { listCursor, nextPageHeader, sendListPage } from '@shop/runtime/send-list-page';
import { idParams, uuid } from '@shop/runtime/uuid-schemas';
import { z } from 'zod';
import { findPayment, findPayments } from '../payments/find-payments';
import { PaymentStatus } from '../payments/payment-status';

/** The id of the payment in the examples of operations. A test creates it, then sends each example. */
export const EXAMPLE_PAYMENT = 'c1f0a9b2-6d3e-4a57-9b8c-2e4d6f8a0b31';

const paymentJson = z
  .object({
    paymentId: z.guid(),
    orderId: z.guid(),
    customerId: z.guid().nullable().meta({ description: 'Null in a void payment.' }),
    amount: z.number().nullable().meta({ description: 'In dollars; null in a void payment.' }),
    status: z.enum(PaymentStatus).meta({
      description:
        '`success`: charged. `failed`: declined. `refunded`: charged and refunded. `void`: never charged, because the ' +
        'order was cancelled before.',
    }),
    reason: z.string().meta({ description: 'Why the payment was declined; empty otherwise.' }),
    paidAt: z.iso.datetime().meta({ description: 'When the payment was decided.' }),
    refundedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Payment' });

const tag = 'Payments';

/** The operations of payments. */
export const paymentOperations = ({ database }: { database: PaymentsClient }): Operation[] => [
  operation({
    id: 'listPayments',
    method: 'get',
    path: '/payments',
    tag,
    access: 'operator',
    summary: 'List payments',
    description:
      'One page of the payments that match every parameter, the newest first. An order has at most one payment.',
    query: z.object({
      order_id: uuid.optional(),
      payment_id: uuid.optional(),
      status: z.enum(PaymentStatus, { error: `must be one of ${Object.values(PaymentStatus).join(', ')}` }).optional(),
      limit: pageLimit,
      cursor: listCursor,
    }),
    responses: {
      200: { description: 'The payments of the page.', schema: z.array(paymentJson), headers: nextPageHeader },
    },
    cost: 'list',
    example: { query: { status: 'success', limit: 20 } },
    handle: async ({
      query: { order_id: orderId, payment_id: paymentId, status, limit, cursor },
      request,
      response,
    }) => {
      const page = await findPayments(database, { orderId, paymentId, status }, { limit, after: cursor });
      sendListPage(request, response, page);
    },
  }),

  operation({
    id: 'readPayment',
    method: 'get',
    path: '/payments/{id}',
    tag,
    access: 'operator',
    summary: 'Read a payment',
    params: idParams('payment'),
    responses: { 200: { description: 'The payment.', schema: paymentJson } },
    problems: ['payment-not-found'],
    example: { params: { id: EXAMPLE_PAYMENT } },
    handle: async ({ params, response }) => {
      const payment = await findPayment(database, params.id);
      if (!payment) throw new Problem('payment-not-found', `Payment ${params.id} does not exist.`);
      response.json(payment);
    },
  }),
];
