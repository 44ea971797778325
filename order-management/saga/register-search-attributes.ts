import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { Logger } from '@shop/runtime/log';
import { TemporalMisconfiguredError } from '@shop/runtime/temporal';
import { SEARCH_ATTRIBUTES } from '@shop/workflows/search-attributes';
import { isGrpcServiceError } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType, SearchAttributeType } from '@temporalio/common/lib/search-attributes';
import type { NativeConnection } from '@temporalio/worker';

/** Time limit. The server usually accepts a new attribute after one or two seconds. */
const USABLE_WITHIN_MS = 30_000;
const CHECK_EVERY_MS = 100;

/**
 * Registers the search attributes of sagas that the namespace lacks, and waits until the server accepts them.
 *
 * @throws {TemporalMisconfiguredError} if an attribute has another type
 * @throws {Error} if registering is not permitted, as on Temporal Cloud. The error names the attributes to register there.
 */
export async function registerSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  log: Logger,
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  refuseOtherTypes(namespace, customAttributes);
  const missing = SEARCH_ATTRIBUTES.filter(({ name }) => !(name in customAttributes));
  if (missing.length > 0) await register(connection, namespace, missing, log);

  // Waits even if none was missing: another instance may just have registered them.
  const deadline = performance.now() + USABLE_WITHIN_MS;
  while (!(await areUsable(connection, namespace))) {
    if (performance.now() > deadline) {
      throw new Error(
        `Namespace ${namespace} has the search attributes but still rejects them after ${USABLE_WITHIN_MS} ms.`,
      );
    }
    await delay(CHECK_EVERY_MS);
  }
}

/** Compares the types, because a server that has an attribute with another type rejects every saga. */
function refuseOtherTypes(namespace: string, registered: Record<string, number>): void {
  const problems = SEARCH_ATTRIBUTES.flatMap(({ name, type: wanted }) => {
    const type = registered[name];
    if (type === undefined || nameOf(type) === wanted) return [];
    return `Search attribute ${name} of namespace ${namespace} has the type ${nameOf(type)}, but sagas need ${wanted}.`;
  });
  if (problems.length > 0) {
    throw new TemporalMisconfiguredError(
      `${problems.join(' ')} Remove the attribute and create it with the type that is needed.`,
    );
  }
}

const nameOf = (type: number): string =>
  Object.values(SearchAttributeType).find((name) => Number(encodeSearchAttributeIndexedValueType(name)) === type) ??
  String(type);

async function register(
  { operatorService }: NativeConnection,
  namespace: string,
  missing: typeof SEARCH_ATTRIBUTES,
  log: Logger,
): Promise<void> {
  const names = missing.map(({ name, type }) => `${name} (${type})`).join(', ');
  const searchAttributes = Object.fromEntries(
    missing.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type)!]),
  );
  try {
    await operatorService.addSearchAttributes({ namespace, searchAttributes });
    log.info({ names }, 'search attributes registered');
  } catch (error) {
    throw new Error(
      `Namespace ${namespace} lacks the search attributes ${names}. Registering them failed; register them by hand.`,
      { cause: error },
    );
  }
}

/** Returns whether the server accepts the attributes. It rejects a query with an attribute that it does not know. */
async function areUsable({ workflowService }: NativeConnection, namespace: string): Promise<boolean> {
  const query = SEARCH_ATTRIBUTES.map(({ name }) => `${name} IS NULL`).join(' AND ');
  try {
    await workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 });
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === status.INVALID_ARGUMENT) return false;
    throw error;
  }
}
