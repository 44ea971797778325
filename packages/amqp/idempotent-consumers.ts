import type { Route } from './topology';

/**
 * Names the queue by whose consumers a service announces that it handles a repeated message of the route without a second
 * effect. The queue stays empty. AMQP reports how many consumers a queue has, but not which program each belongs to.
 */
export const idempotentQueue = ({ queue }: Route): string => `${queue}.idempotent`;
