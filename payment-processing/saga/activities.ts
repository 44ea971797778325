import type { PaymentActivities } from '@shop/workflows/contract';
import { ApplicationFailure } from '@temporalio/common';
import type { Ledger } from '../payments/ledger';

/** Creates the activities that sagas run on this service's task queue. */
export const createPaymentActivities = ({ ledger }: { ledger: Ledger }): PaymentActivities => ({
  processPayment: async (request) => {
    const payment = await ledger.charge(request);
    if ('contradiction' in payment) {
      const type = 'ContradictoryRequest';
      throw ApplicationFailure.create({ message: payment.contradiction, type, nonRetryable: true });
    }
    const { paymentId, success, reason } = payment;
    return { paymentId, success, reason };
  },
  refundPayment: (refund) => ledger.refund(refund),
});
