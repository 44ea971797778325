import { parkedOperations } from '@shop/amqp/parked-operations';
import type { ParkedQueue } from '@shop/amqp/parked-queue';
import type { PaymentsClient } from '@shop/prisma/clients';
import type { Api } from '@shop/runtime/api';
import { instanceOperation } from '@shop/runtime/instance-operations';
import { paymentOperations } from './payment-operations';

export interface PaymentApiNeeds {
  database: PaymentsClient;
  parked: ParkedQueue;
}

/** The REST API of payment-processing. The needs are used only when an operation is called. */
export const paymentApi = (needs: PaymentApiNeeds): Api => ({
  title: 'Payment processing',
  prefixes: ['/paymentProcessing', '/payment-processing'],
  operations: [
    ...paymentOperations(needs),
    ...parkedOperations(() => needs.parked),
    instanceOperation('payment-processing', needs.database),
  ],
});
