import type { OrdersClient } from '@shop/prisma/clients';
import { operation, type Operation } from '@shop/runtime/operation';
import { Problem } from '@shop/runtime/problem';
import { idParams, uuid } from '@shop/runtime/uuid-schemas';
import { z } from 'zod';
import { BEGINNING, formatPosition, parsePosition, type EventPosition } from '../events/event-position';
import type { EventFeed } from '../events/event-feed';
import { OrderStep } from '../events/order-step';
import { findHistory } from '../orders/order-history';
import type { ReadClient } from '../reads/read-client';
import { readHeaders, readToken } from './consistency-token';
import type { EventStreams } from './event-streams';
import { EXAMPLE_ORDER } from './examples';
import { historyJson, toHistoryJson } from './json';
import { orderNotFound } from './order-not-found';

export interface EventOperationsNeeds {
  reads: ReadClient;
  feed: Pick<EventFeed, 'readPresent' | 'knows'>;
  streams: Pick<EventStreams, 'serve'>;
}

const tag = 'History and events';

const position = z
  .string()
  .transform((text, context): EventPosition => {
    const parsed = parsePosition(text);
    if (parsed) return parsed;
    context.addIssue(`${JSON.stringify(text.slice(0, 100))} is not the id of an event. A valid one looks like 7512-42`);
    return z.NEVER;
  })
  .meta({ examples: ['7512-42'] });

const resumeHeaders = z.object({
  'Last-Event-ID': position
    .optional()
    .meta({ description: 'The id of the last event that the client received. The stream continues after it.' }),
});
const resumeQuery = {
  last_event_id: position.optional().meta({
    description:
      'The same as the header `Last-Event-ID`, for clients that cannot set headers. The header takes precedence.',
  }),
};

const steps = Object.values(OrderStep);
const step = z.enum(steps);

const eventStream = {
  description: 'A stream of Server-Sent Events, which does not end by itself.',
  contentType: 'text/event-stream',
  schema: z.string(),
};

/** The operations that show what happens to orders: the history of one, and streams of events. */
export function eventOperations({ reads, feed, streams }: EventOperationsNeeds): Operation[] {
  const readHistory = operation({
    id: 'readOrderHistory',
    method: 'get',
    path: '/order/{id}/history',
    tag,
    access: 'customer',
    summary: 'Read what happened to an order',
    description: 'Each step with its time and reason, the oldest first. The history outlives the saga in Temporal.',
    params: idParams('order'),
    headers: readHeaders,
    responses: { 200: { description: 'The steps of the order.', schema: historyJson } },
    problems: ['order-not-found'],
    example: { params: { id: EXAMPLE_ORDER } },
    handle: async ({ params: { id }, caller, request, response }) => {
      const find = (source: OrdersClient) => findHistory(source, id, caller.customerId);
      const history = await reads.read(find, readToken(request));
      if (!history) throw orderNotFound(id);
      response.json(toHistoryJson(history, caller));
    },
  });

  const followOrders = operation({
    id: 'followOrders',
    method: 'get',
    path: '/order/events',
    tag,
    access: 'customer',
    summary: 'Follow the events of all orders',
    description:
      'A customer receives only the events of its own orders. Without `Last-Event-ID`, the stream begins now. With it, the ' +
      'stream continues after that event without a gap.',
    query: z.object({
      ...resumeQuery,
      step: z
        .union([step.transform((one) => [one]), z.array(step)], { error: `must be one of ${steps.join(', ')}` })
        .optional()
        .meta({ description: 'Only events of this step; several mean any of them.' }),
      customer_id: uuid.optional().meta({ description: 'Only events of the orders of this customer.' }),
    }),
    headers: resumeHeaders,
    responses: { 200: eventStream },
    problems: ['unknown-event-position', 'too-many-event-streams'],
    example: { query: { step: 'shipped' } },
    handle: async ({
      query: { step: selected, customer_id: customerId, last_event_id },
      headers,
      caller,
      response,
      release,
    }) => {
      const last = headers['Last-Event-ID'] ?? last_event_id;
      const after = last ? await checked(last) : await feed.readPresent();
      release();
      await streams.serve(response, {
        orderId: null,
        after,
        selects: (event) =>
          (selected === undefined || selected.some((one) => one === event.step)) &&
          (customerId === undefined || customerId === event.customerId) &&
          (caller.customerId === null || caller.customerId === event.customerId),
      });
    },
  });

  const followOrder = operation({
    id: 'followOrder',
    method: 'get',
    path: '/order/{id}/events',
    tag,
    access: 'customer',
    summary: 'Follow the events of one order',
    description:
      'Without `Last-Event-ID`, the stream begins with the first recorded event of the order. With it, the stream ' +
      'continues after that event without a gap.',
    params: idParams('order'),
    query: z.object(resumeQuery),
    headers: resumeHeaders,
    responses: { 200: eventStream },
    problems: ['order-not-found', 'unknown-event-position', 'too-many-event-streams'],
    example: { params: { id: EXAMPLE_ORDER } },
    handle: async ({
      params: { id: orderId },
      query: { last_event_id },
      headers,
      caller,
      request,
      response,
      release,
    }) => {
      const last = headers['Last-Event-ID'] ?? last_event_id;
      const after = last ? await checked(last) : BEGINNING;
      const { customerId } = caller;
      const where = { orderId, deletedAt: null, ...(customerId !== null && { customerId }) };
      const found = await reads.read((source) => source.order.count({ where }), readToken(request));
      if (found === 0) throw orderNotFound(orderId);
      release();
      await streams.serve(response, { orderId, after, selects: () => true });
    },
  });

  /** Returns a position from which a stream can continue without a gap. @throws {Problem} 409 if there is none */
  async function checked(last: EventPosition): Promise<EventPosition> {
    if (await feed.knows(last)) return last;
    throw new Problem(
      'unknown-event-position',
      `The database has no event ${formatPosition(last)}. It was restored, or the event was deleted. ` +
        'Read the orders again, and follow their events without Last-Event-ID.',
    );
  }

  return [readHistory, followOrders, followOrder];
}
