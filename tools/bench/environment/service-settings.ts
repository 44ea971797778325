import { readConfig as readOrderConfig } from '@shop/order-management/config';
import { readConfig as readPaymentConfig } from '@shop/payment-processing/config';
import { commonSettings } from '@shop/runtime/environment';

/** Returns the names of all settings that this shop's services read. */
export const serviceSettings = (): string[] => [
  ...new Set([commonSettings, readOrderConfig({}), readPaymentConfig({})].flatMap(Object.keys)),
];

/**
 * Removes this shop's settings from the environment. The services would inherit them, but the bench measures the default
 * configuration.
 */
export function clearServiceSettings(): void {
  for (const name of serviceSettings()) delete process.env[name];
}
