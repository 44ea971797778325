import type { Broker } from '@shop/amqp/broker';
import { ADOPTED_HEADER, PROCESS_PAYMENT } from '@shop/amqp/topology';
import type { OrdersClient } from '@shop/prisma/clients';
import { databaseFaultOf } from '@shop/prisma/errors';
import type { Logger } from '@shop/runtime/log';
import type { OrderActivities, Settlement } from '@shop/workflows/contract';
import { ApplicationFailure } from '@temporalio/common';
import { OrderStep } from '../events/order-step';
import { recordEvent } from '../events/record-event';
import { countSettled } from '../orders/order-metrics';
import { recordRefund } from '../orders/record-refund';
import { recordRefundDue } from '../orders/refunds-due';
import { resumeOrder } from '../orders/resume-order';
import { cancelOrder, shipOrder, type SettledOrder } from '../orders/settle-order';
import type { Settlements } from '../orders/settlements';
import type { PaymentHandover } from './fast-path/payment-handover';

export interface OrderActivityOptions {
  database: OrdersClient;
  /** Null if the system runs without a broker, on the activity channel. */
  broker: Pick<Broker, 'send'> | null;
  handover: Pick<PaymentHandover, 'request'>;
  settlements: Pick<Settlements, 'publish'>;
  log: Logger;
}

/** Creates the saga's activities, which use this service's database and broker. */
export function createOrderActivities({
  database,
  broker,
  handover,
  settlements,
  log,
}: OrderActivityOptions): OrderActivities {
  const announce = (orderId: string, settled: SettledOrder): Settlement => {
    countSettled(settled);
    const { changed, settlement } = settled;
    const { orderStatus, cancellation, ...payment } = settlement;
    const fields = { orderId, ...payment, ...(cancellation && { cancellation }) };
    log.info(fields, changed ? `order ${orderStatus}` : `order was already ${orderStatus}`);
    settlements.publish(orderId, settlement);
    return settlement;
  };
  /** Never fails: the request is published, and a retry of the activity would publish it again. */
  const recordRequest = async (orderId: string, attempt?: string): Promise<void> => {
    const reason = attempt === undefined ? 'over RabbitMQ' : `over RabbitMQ, ${attempt}`;
    try {
      await recordEvent(database, orderId, OrderStep.paymentRequested, reason);
    } catch (error) {
      log.warn({ orderId, err: error }, 'payment requested, but missing in the history of the order');
    }
  };
  return {
    resumeOrder: (orderId) => rejectBadData(resumeOrder(database, orderId)),
    requestPayment: async ({ orderId, customerId, totalAmount, adopted }, attempt) => {
      if (!broker) throw new Error('AMQP_URL is none, but this order is paid over RabbitMQ. Set AMQP_URL.');
      const request = { orderId, customerId, totalAmount: Number(totalAmount) };
      let recorded = Promise.resolve();
      const answer = await handover.request({ orderId, totalAmount: adopted ? null : totalAmount }, async () => {
        await broker.send(PROCESS_PAYMENT, request, adopted && { [ADOPTED_HEADER]: true });
        recorded = recordRequest(orderId, attempt); // while the answer is on its way
      });
      await recorded; // so that it precedes the events of the next steps
      return answer;
    },
    shipOrder: async (orderId, paymentId) =>
      announce(orderId, await rejectBadData(shipOrder(database, orderId, paymentId))),
    cancelOrder: async (orderId, why) => announce(orderId, await rejectBadData(cancelOrder(database, orderId, why))),
    recordRefundDue: (refund) => rejectBadData(recordRefundDue(database, refund)),
    recordRefund: async (refund, paymentId) => {
      await rejectBadData(recordRefund(database, refund, paymentId));
      log.info({ ...refund, paymentId }, paymentId === null ? 'refund ended: nothing was charged' : 'refund recorded');
    },
  };
}

/** Ends the retries of a step whose own data PostgreSQL rejects. Every other error may be temporary, so it is retried. */
async function rejectBadData<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    if (databaseFaultOf(error) !== 'input') throw error;
    throw ApplicationFailure.create({ message: String(error), nonRetryable: true, type: 'DataError' });
  }
}
