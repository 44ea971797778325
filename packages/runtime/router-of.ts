import { Router, type RequestHandler } from 'express';
import { authorize } from './access/authorize';
import type { Admission } from './admission';
import type { Operation } from './operation';
import { Problem } from './problem';
import { readInput } from './read-input';

/**
 * Makes the router of operations. It checks the caller, validates each request, answers 405 with `Allow` to other methods at the same paths,
 * as the original system does, and prefers a fixed path, such as `/order/events`, to one with a parameter, `/order/{id}`.
 *
 * @param admission limits how many requests are handled at a time; without it, they are not limited
 */
export function routerOf(operations: readonly Operation[], admission?: Admission): Router {
  const router = Router();
  const paths = [...new Set(operations.map(({ path }) => path))].toSorted(fixedFirst);
  for (const path of paths) {
    const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1');
    const served = operations.filter((operation) => operation.path === path);
    for (const operation of served) router[operation.method](pattern, answerWith(operation, admission));
    router.all(pattern, refuseOtherMethods(served));
  }
  return router;
}

/** Sorts parameters, which `~` replaces, after every other segment at the same place. */
function fixedFirst(left: string, right: string): number {
  const [a, b] = [left, right].map((path) => path.replaceAll(/\{\w+\}/g, '~')) as [string, string];
  return a < b ? -1 : 1;
}

/** A request waits for its turn only after it has arrived, so that a client that sends slowly holds up no other. */
const answerWith =
  (operation: Operation, admission: Admission | undefined): RequestHandler =>
  async (request, response) => {
    const caller = await authorize(operation, request, response); // before the body is read
    const input = { ...(await readInput(operation, request, response)), caller };
    const { cost = operation.method === 'get' ? 'read' : 'write' } = operation;
    if (!admission || cost === 'nothing') return operation.handle({ ...input, release: () => undefined });
    await admission.run(cost, async (release) => {
      if (response.closed) return; // its client has given up
      await operation.handle({ ...input, release });
    });
  };

function refuseOtherMethods(served: readonly Operation[]): RequestHandler {
  // Express answers HEAD with the handler of GET.
  const methods = served.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const allow = methods.join(', ');
  return (request, response) => {
    if (request.method === 'OPTIONS') return void response.set('Allow', allow).status(204).end();
    const detail = `${request.method} is not allowed at ${request.baseUrl}${request.path}. Allowed: ${allow}.`;
    throw new Problem('method-not-allowed', detail, { headers: { Allow: allow } });
  };
}
