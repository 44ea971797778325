import type { Broker } from '@shop/amqp/broker';
import { Consumer } from '@shop/amqp/consumer';
import { PAYMENT_STAT } from '@shop/amqp/topology';
import type { Temporal } from '@shop/runtime/temporal';
import { createPaymentBridge, type PaymentBridgeOptions } from './payment-bridge';

export interface PaymentConsumerOptions extends PaymentBridgeOptions {
  broker: Broker;
  temporal: Pick<Temporal, 'probe'>;
}

/** Creates the consumer of `PaymentStat`. It pauses while PostgreSQL or Temporal is unavailable. */
export const createPaymentConsumer = ({ broker, temporal, ...bridge }: PaymentConsumerOptions): Consumer =>
  new Consumer({
    broker,
    route: PAYMENT_STAT,
    log: bridge.log,
    handle: createPaymentBridge(bridge),
    probe: async () => {
      await bridge.database.$queryRaw`SELECT 1`;
      await temporal.probe();
    },
  });
