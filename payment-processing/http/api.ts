import type { Api } from '@shop/runtime/api';

/** The REST API of payment-processing. */
export const paymentApi = (): Api => ({
  title: 'Payment processing',
  prefixes: ['/paymentProcessing', '/payment-processing'],
});
