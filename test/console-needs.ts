import { ParkedQueue } from '@shop/amqp/parked-queue';
import { PAYMENT_STAT } from '@shop/amqp/topology';
import { brokerSettings } from '@shop/runtime/environment';
import { z } from 'zod';

/** The parked messages of a service that runs without a broker. */
export const parkedQueueWithoutBroker = new ParkedQueue({
  settings: z.object(brokerSettings).parse({ AMQP_URL: 'none' }),
  route: PAYMENT_STAT,
  alone: (run) => run(),
});

/** What an order service needs for the console. */
export const consoleNeeds = {
  parked: parkedQueueWithoutBroker,
  inspection: {
    findFailing: async () => [],
    stateOf: async () => 'RUNNING' as const,
    traceOf: async () => null,
    urlOf: (workflowId: string) => `http://localhost:8233/${workflowId}`,
  },
  maxUnsettled: 2_000,
  consoleSettings: { paymentApiOrigin: null },
};
