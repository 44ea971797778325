import { operation, type Operation } from '@shop/runtime/operation';
import type { z } from 'zod';

const DOCUMENTATION = { id: 'test', tag: 'Test', access: 'open' as const, summary: 'An operation of a test' };
const RESPONSES = { 200: { description: 'Done.' } };

/** Defines an operation of a test's own, without documentation. */
export const anOperation = <P extends z.ZodObject, Q extends z.ZodObject, H extends z.ZodObject, B extends z.ZodObject>(
  essentials: Pick<
    Operation<P, Q, H, B>,
    'method' | 'path' | 'params' | 'query' | 'headers' | 'body' | 'cost' | 'handle'
  >,
): Operation => operation({ ...DOCUMENTATION, responses: RESPONSES, ...essentials });
