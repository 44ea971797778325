import type { Logger } from '@shop/service/log';
import { SEARCH_ATTRIBUTES } from '@shop/workflows/search-attributes';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes';
import type { NativeConnection } from '@temporalio/worker';

/**
 * Registers the search attributes that sagas carry, where the namespace does not know them.
 *
 * @throws where that is not allowed, as on Temporal Cloud: register them there by hand, the error names them
 */
export async function registerSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  log: Logger,
): Promise<void> {
  const { operatorService } = connection;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter(({ name }) => !(name in customAttributes));
  if (missing.length === 0) return;

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
