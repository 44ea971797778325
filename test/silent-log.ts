import { createLog } from '@shop/runtime/log';

/** For what a test expects to fail, or does not care to read about; `TEST_LOG=debug` shows it. */
export const silentLog = createLog('test', process.env['TEST_LOG'] ?? 'silent');
