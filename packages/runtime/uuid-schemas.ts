import { z } from 'zod';

/** A UUID in any case; the output is in lower case. */
export const uuid = z.guid({ error: 'must be a UUID' }).toLowerCase();

/**
 * The path parameter `id`, a UUID in any case.
 *
 * @param kind what the id identifies, for the error text
 */
export const idParams = (kind: string) =>
  z.object({
    id: z
      .guid({
        error: ({ input }) => `The ${kind} id ${JSON.stringify(String(input).slice(0, 100))} is not a UUID.`,
      })
      .toLowerCase(),
  });
