import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { Logger } from '@shop/runtime/log';
import { SEARCH_ATTRIBUTES } from '@shop/workflows/search-attributes';
import { isGrpcServiceError } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes';
import type { NativeConnection } from '@temporalio/worker';

const KNOWN_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

/**
 * Registers the search attributes that sagas carry, where the namespace does not know them, and waits until they can be
 * used: a server that was told of one refuses it for a second or two.
 *
 * @throws where that is not allowed, as on Temporal Cloud: register them there by hand, the error names them
 */
export async function registerSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  log: Logger,
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter(({ name }) => !(name in customAttributes));
  if (missing.length > 0) await register(connection, namespace, missing, log);

  // Another instance may have registered them a moment ago.
  const deadline = performance.now() + KNOWN_WITHIN_MS;
  while (!(await canBeUsed(connection, namespace))) {
    if (performance.now() > deadline) {
      throw new Error(
        `Namespace ${namespace} has our search attributes, yet refuses them after ${KNOWN_WITHIN_MS} ms.`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}

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
      `Namespace ${namespace} lacks the search attributes ${names}, and they cannot be registered from here.`,
      {
        cause: error,
      },
    );
  }
}

/** Whether the part of the server that takes sagas knows them; it refuses a query for what it does not know. */
async function canBeUsed({ workflowService }: NativeConnection, namespace: string): Promise<boolean> {
  const query = SEARCH_ATTRIBUTES.map(({ name }) => `${name} IS NULL`).join(' AND ');
  try {
    await workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1 });
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === status.INVALID_ARGUMENT) return false;
    throw error;
  }
}
