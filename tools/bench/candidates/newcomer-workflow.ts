import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { NewcomerActivities } from './newcomer';
import type { NewOrder } from './order-steps';

const { acceptOrder, requestPayment, settleOrder } = proxyActivities<NewcomerActivities>({
  startToCloseTimeout: '1 minute',
});

export const paymentSettled = defineSignal<[boolean]>('paymentSettled');

/** Implements the saga as the first pages of Temporal's documentation teach it. */
export async function newcomerOrder(order: NewOrder): Promise<void> {
  let paid: boolean | undefined;
  setHandler(paymentSettled, (success) => void (paid = success));

  const { orderId, customerId } = order;
  const totalAmount = await acceptOrder(order);
  await requestPayment({ orderId, customerId, totalAmount });
  await condition(() => paid !== undefined);
  await settleOrder(orderId, paid ?? false);
}
