import type { Broker } from '@shop/amqp/broker';
import { PROCESS_PAYMENT } from '@shop/amqp/topology';
import type { OrdersClient } from '@shop/prisma/clients';
import type { OrderActivities } from '@shop/workflows/contract';
import { resumeOrder } from '../orders/resume-order';
import { cancelOrder, shipOrder } from '../orders/settle-order';

export interface OrderActivityNeeds {
  database: OrdersClient;
  /** Null where the system runs without one, on the activity channel. */
  broker: Pick<Broker, 'send'> | null;
}

/** The saga's steps on this service's own database and broker. */
export const createOrderActivities = ({ database, broker }: OrderActivityNeeds): OrderActivities => ({
  resumeOrder: (orderId) => resumeOrder(database, orderId),

  requestPayment: async ({ orderId, customerId, totalAmount }) => {
    if (!broker)
      throw new Error('AMQP_URL is none, yet this order is to be paid over RabbitMQ: give the worker a broker.');
    await broker.send(PROCESS_PAYMENT, { orderId, customerId, totalAmount: Number(totalAmount) });
  },

  shipOrder: (orderId, paymentId) => shipOrder(database, orderId, paymentId),
  cancelOrder: (orderId, why) => cancelOrder(database, orderId, why),
});
