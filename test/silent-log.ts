import { createLog } from '@shop/runtime/log';

/** A log that is silent unless the environment sets a level, for example `TEST_LOG=debug`. */
export const silentLog = createLog('test', process.env['TEST_LOG'] ?? 'silent');
