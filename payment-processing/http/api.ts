import type { PaymentsClient } from '@shop/prisma/clients';
import type { Api } from '@shop/runtime/api';
import { paymentOperations } from './payment-operations';

export interface PaymentApiNeeds {
  database: PaymentsClient;
}

/** The REST API of payment-processing. The needs are used only when an operation is called. */
export const paymentApi = (needs: PaymentApiNeeds): Api => ({
  title: 'Payment processing',
  prefixes: ['/paymentProcessing', '/payment-processing'],
  operations: paymentOperations(needs),
});
