import { readConfig as readOrderConfig } from '@shop/order-management/config';
import { readConfig as readPaymentConfig } from '@shop/payment-processing/config';
import { commonSettings } from '@shop/runtime/environment';

/** The names of all settings that a service of the shop reads. */
export const serviceSettings = (): string[] => [
  ...new Set([commonSettings, readOrderConfig({}), readPaymentConfig({})].flatMap(Object.keys)),
];

/**
 * Removes from the environment what the caller has set for services of the shop. They inherit it, and what is to be
 * measured is the shop as it comes: no log turned off, no other pool or bound, no secondaries.
 */
export function forgetServiceSettings(): void {
  for (const name of serviceSettings()) delete process.env[name];
}
