import type { PaymentActivities } from '@shop/workflows/contract';
import type { Ledger } from '../payments/ledger';

/** Creates the activities that sagas run on this service's task queue. */
export const createPaymentActivities = ({ ledger }: { ledger: Ledger }): PaymentActivities => ({
  processPayment: async (request) => {
    const { paymentId, success, reason } = await ledger.charge(request);
    return { paymentId, success, reason };
  },
  refundPayment: (refund) => ledger.refund(refund),
});
