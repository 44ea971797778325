import type { Broker } from './broker';
import type { Route } from './topology';

/**
 * Names the queue by whose consumers a service announces that it handles a repeated message of the route without a second
 * effect. The queue stays empty. AMQP reports how many consumers a queue has, but not which program each belongs to.
 */
export const idempotentQueue = ({ queue }: Route): string => `${queue}.idempotent`;

/** Announces it for as long as the connection is open. Call it before the broker is opened. */
export function announceIdempotence(broker: Pick<Broker, 'use' | 'channel'>, route: Route): void {
  broker.use(async (model) => {
    const channel = await broker.channel(model);
    await channel.consume(idempotentQueue(route), () => undefined, { noAck: true });
  });
}
