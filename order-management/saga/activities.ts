import type { Broker } from '@shop/amqp/broker';
import { PROCESS_PAYMENT } from '@shop/amqp/topology';
import type { OrdersClient } from '@shop/prisma/clients';
import type { OrderActivities } from '@shop/workflows/contract';
import { noteRefund } from '../orders/refunds-due';
import { resumeOrder } from '../orders/resume-order';
import { cancelOrder, shipOrder } from '../orders/settle-order';
import type { PaymentHandover } from './payment-handover';

export interface OrderActivityNeeds {
  database: OrdersClient;
  /** Null where the system runs without one, on the activity channel. */
  broker: Pick<Broker, 'send'> | null;
  handover: Pick<PaymentHandover, 'ask' | 'tellSettled'>;
}

/** The saga's steps on this service's own database and broker. */
export const createOrderActivities = ({ database, broker, handover }: OrderActivityNeeds): OrderActivities => ({
  resumeOrder: (orderId) => resumeOrder(database, orderId),

  requestPayment: async ({ orderId, customerId, totalAmount }) => {
    if (!broker)
      throw new Error('AMQP_URL is none, yet this order is to be paid over RabbitMQ: give the worker a broker.');
    const request = { orderId, customerId, totalAmount: Number(totalAmount) };
    return handover.ask(orderId, () => broker.send(PROCESS_PAYMENT, request));
  },

  shipOrder: async (orderId, paymentId) => handover.tellSettled(orderId, await shipOrder(database, orderId, paymentId)),
  cancelOrder: async (orderId, why) => handover.tellSettled(orderId, await cancelOrder(database, orderId, why)),
  noteRefund: (refund) => noteRefund(database, refund),
});
