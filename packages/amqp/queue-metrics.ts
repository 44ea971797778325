import { registerGauge } from '@shop/runtime/metrics';
import type { Broker } from './broker';
import { parkedQueue, type Route } from './topology';

/** Registers the metric that counts the messages of a route that wait for a consumer. */
export function registerQueuedMetric(broker: Pick<Broker, 'inspect'>, route: Route): void {
  registerGauge('queued_messages', 'Messages that wait for a consumer.', 'queue', async () => ({
    [route.queue]: (await broker.inspect(route.queue)).messages,
  }));
}

/** Registers the metric that counts a route's parked messages. */
export function registerParkedMetric(broker: Pick<Broker, 'inspect'>, route: Route): void {
  registerGauge('parked_messages', 'Messages in the parked queue, which wait for an operator.', 'queue', async () => ({
    [route.queue]: (await broker.inspect(parkedQueue(route))).messages,
  }));
}
