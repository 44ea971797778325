import type { Broker } from '@shop/amqp/broker';
import { PROCESS_PAYMENT } from '@shop/amqp/topology';
import type { OrdersClient } from '@shop/prisma/clients';
import type { OrderActivities } from '@shop/workflows/contract';
import { PaymentStatus } from '../orders/order-status';
import { noteRefund } from '../orders/refunds-due';
import { resumeOrder } from '../orders/resume-order';
import { cancelOrder as cancel, shipOrder as ship } from '../orders/settle-order';
import type { PaymentHandover } from './payment-handover';
import { within } from './within';

const SETTLED_WITHIN_MS = 500;

export interface OrderActivityNeeds {
  database: OrdersClient;
  /** Null where the system runs without one, on the activity channel. */
  broker: Pick<Broker, 'send'> | null;
  handover: Pick<PaymentHandover, 'ask' | 'tellSettled'>;
}

/** The saga's steps on this service's own database and broker. */
export function createOrderActivities({ database, broker, handover }: OrderActivityNeeds): OrderActivities {
  const shipOrder: OrderActivities['shipOrder'] = async (orderId, paymentId) =>
    handover.tellSettled(orderId, await ship(database, orderId, paymentId));
  const cancelOrder: OrderActivities['cancelOrder'] = async (orderId, why) =>
    handover.tellSettled(orderId, await cancel(database, orderId, why));

  const requestPayment: OrderActivities['requestPayment'] = async ({ orderId, customerId, totalAmount }) => {
    if (!broker)
      throw new Error('AMQP_URL is none, yet this order is to be paid over RabbitMQ: give the worker a broker.');
    const request = { orderId, customerId, totalAmount: Number(totalAmount) };
    const answer = await handover.ask(orderId, () => broker.send(PROCESS_PAYMENT, request));
    if (!answer) return null;
    const { paymentId, success } = answer;
    const settling = success
      ? shipOrder(orderId, paymentId)
      : cancelOrder(orderId, { paymentStatus: PaymentStatus.failed, paymentId });
    // Where it cannot be settled at once the saga does so in a step of its own: this one, repeated, would ask again.
    const settled = await within(SETTLED_WITHIN_MS, settling).catch(() => null);
    return settled ? { ...answer, settled } : answer;
  };

  return {
    resumeOrder: (orderId) => resumeOrder(database, orderId),
    requestPayment,
    shipOrder,
    cancelOrder,
    noteRefund: (refund) => noteRefund(database, refund),
  };
}
