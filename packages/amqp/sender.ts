import type { Message } from 'amqplib';

/** The users of RabbitMQ whose messages a consumer handles, and the user of this process. */
export interface SenderCheck {
  accepted: readonly string[];
  /** Messages of this user are copies that this service has retried. */
  own: string;
}

/**
 * Checks who sent a message, by its property `user_id`. RabbitMQ refuses a message whose `user_id` is not the user of the
 * connection that publishes it (https://www.rabbitmq.com/docs/validated-user-id).
 *
 * @returns why the message is not handled; null if its sender is accepted
 */
export function senderProblem(
  { properties: { userId } }: { properties: Pick<Message['properties'], 'userId'> },
  { accepted, own }: SenderCheck,
): string | null {
  const sender: unknown = userId;
  if (typeof sender === 'string' && (sender === own || accepted.includes(sender))) return null;
  const found = typeof sender === 'string' ? `sent by ${sender}` : 'sent without a user id';
  return `${found}, but AMQP_VERIFY_USER is ${accepted.join(',')}`;
}

/** Returns the user of a RabbitMQ URL. */
export const userOf = (url: string): string => decodeURIComponent(new URL(url).username) || 'guest';
