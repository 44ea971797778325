import { operation, type Operation } from '@shop/runtime/operation';
import { pageLimit } from '@shop/runtime/page-limit';
import { sendArray } from '@shop/runtime/send-array';
import { z } from 'zod';
import { headerText, type ParkedMessage } from './parked-messages';
import type { ParkedQueue } from './parked-queue';

const tag = 'Parked messages';

/** The length up to which the body of a message is shown, in characters. */
const MAX_BODY = 20_000;
/** Maximum length of a header, in characters. */
const MAX_HEADER = 1_000;

const parkedJson = z
  .object({
    id: z.string().meta({ description: 'Identifies the message while it is parked.' }),
    queue: z.string().meta({ description: 'The queue that the message came from; a retry returns it there.' }),
    reason: z.string().meta({ description: 'Why it was parked; empty if that is not known.' }),
    firstSeen: z.string().nullable().meta({ description: 'When the service first received it, if that is known.' }),
    headers: z.record(z.string(), z.string()).meta({
      description: `The headers of the message as text; at most ${MAX_HEADER.toLocaleString('en')} characters each.`,
    }),
    body: z.string().meta({ description: `The body as text; at most ${MAX_BODY} characters.` }),
  })
  .meta({ id: 'ParkedMessage' });

const selection = z
  .object({
    ids: z
      .array(z.string().max(100))
      .min(1)
      .max(1_000)
      .optional()
      .meta({ description: 'The ids of messages of a list, which has the oldest 1,000 at most.' }),
    all: z.literal(true).optional().meta({
      description: 'All messages that are parked at the moment; as many of them as can be handled in 20 seconds.',
    }),
  })
  .refine(({ ids, all }) => (ids === undefined) !== (all === undefined), {
    error: 'must contain either ids or all',
    path: ['body'],
  });

const handledJson = z
  .object({
    message: z.string(),
    ids: z.array(z.string()).meta({
      description: 'The messages that were handled. One that is missing was handled by somebody else before.',
    }),
  })
  .meta({ id: 'HandledMessages' });

/**
 * The operations on the messages that a service could not handle: list, retry and discard.
 *
 * @param queue not used before an operation is called
 */
export function parkedOperations(queue: () => ParkedQueue): Operation[] {
  const list = operation({
    id: 'listParkedMessages',
    method: 'get',
    path: '/parked-messages',
    tag,
    access: 'operator',
    summary: 'List the messages that the service could not handle',
    description: 'The oldest first. They stay parked until somebody retries or discards them.',
    query: z.object({ limit: pageLimit }),
    responses: {
      200: {
        description: 'The messages.',
        schema: z.array(parkedJson),
        headers: { 'X-Total-Count': { description: 'How many messages are parked.', schema: z.int() } },
      },
    },
    cost: 'list',
    example: { query: { limit: 20 } },
    handle: async ({ query: { limit }, response }) => {
      const { messages, count } = await queue().list(limit);
      response.set('X-Total-Count', String(Math.max(count, messages.length)));
      await sendArray(response, messages.map(toParkedJson));
    },
  });

  const act = (verb: 'retry' | 'discard', summary: string, done: string): Operation =>
    operation({
      id: `${verb}ParkedMessages`,
      method: 'post',
      path: `/parked-messages/${verb}`,
      tag,
      access: 'operator',
      summary,
      body: selection,
      responses: { 200: { description: 'The messages that were handled.', schema: handledJson } },
      example: { body: { ids: ['0123456789'] } },
      handle: async ({ body: { ids }, caller: { actor }, response }) => {
        const by = { actor, log: response.locals.log };
        const { messages, left } = await queue()[verb](ids, by);
        const { length } = messages;
        const rest = ids ? notFound(new Set(ids).size - length) : stillParked(left);
        response.json({ message: `${countOf(length)} ${done}.${rest}`, ids: messages.map(({ id }) => id) });
      },
    });

  return [
    list,
    act('retry', 'Return parked messages to their queue', 'returned to the queue'),
    act('discard', 'Delete parked messages', 'discarded'),
  ];
}

const countOf = (count: number): string => `${count} ${count === 1 ? 'message was' : 'messages were'}`;

const notFound = (count: number): string =>
  count === 0
    ? ''
    : ` ${countOf(count)} not handled: no longer parked, in use by another reader, or not reached in time. Load the list again.`;

const stillParked = (count: number | null): string =>
  count === null || count === 0 ? '' : ` ${count} ${count === 1 ? 'is' : 'are'} still parked.`;

const textOf = (content: Buffer): string => content.toString('utf8').slice(0, MAX_BODY);

const toParkedJson = ({
  id,
  sourceQueue,
  reason,
  firstSeen,
  headers,
  content,
}: ParkedMessage): z.input<typeof parkedJson> => ({
  id,
  queue: sourceQueue,
  reason,
  firstSeen: firstSeen === '' ? null : firstSeen,
  headers: Object.fromEntries(
    Object.keys(headers).map((name) => [name, headerText(headers, name).slice(0, MAX_HEADER)]),
  ),
  body: textOf(content),
});
