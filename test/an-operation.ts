import { operation, type Operation } from '@shop/runtime/operation';
import type { z } from 'zod';

const DOCUMENTATION = { id: 'test', tag: 'Test', summary: 'An operation of a test' };
const RESPONSES = { 200: { description: 'Done.' } };

/** Defines an operation of a test's own, without documentation. */
export const anOperation = <P extends z.ZodObject, B extends z.ZodObject>(
  essentials: Pick<Operation<P, z.ZodObject, z.ZodObject, B>, 'method' | 'path' | 'params' | 'body' | 'handle'>,
): Operation => operation({ ...DOCUMENTATION, responses: RESPONSES, ...essentials });
