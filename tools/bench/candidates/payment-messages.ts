import { connect } from 'amqplib';

export interface PaymentRequest {
  orderId: string;
  customerId: string;
  totalAmount: number;
  /** An optional value that the payment process returns in its answer. */
  reply?: string;
}

export interface PaymentAnswer {
  orderId: string;
  success: boolean;
  reply?: string;
}

interface Messages {
  processPayment: PaymentRequest;
  PaymentStat: PaymentAnswer;
}

export interface PaymentMessages {
  /** Resolves when the broker has confirmed the message. */
  publish: <Q extends keyof Messages>(queue: Q, message: Messages[Q]) => Promise<void>;
  /** Handles up to 100 messages concurrently; acknowledges each one that is handled, requeues each one that fails. */
  consume: <Q extends keyof Messages>(queue: Q, handle: (message: Messages[Q]) => Promise<void>) => Promise<void>;
}

/** Connects a candidate other than this shop to RabbitMQ: durable queues, persistent messages, publisher confirms. */
export async function connectPaymentMessages(amqpUrl: string): Promise<PaymentMessages> {
  const connection = await connect(amqpUrl, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  await channel.prefetch(100);
  for (const queue of ['processPayment', 'PaymentStat']) await channel.assertQueue(queue, { durable: true });
  return {
    publish: (queue, message) =>
      new Promise((resolve, reject) => {
        const content = Buffer.from(JSON.stringify(message));
        channel.sendToQueue(queue, content, { persistent: true }, (error: unknown) =>
          error ? reject(error instanceof Error ? error : new Error('RabbitMQ rejected a message.')) : resolve(),
        );
      }),
    consume: async (queue, handle) => {
      await channel.consume(queue, (message) => {
        if (!message) return;
        handle(JSON.parse(message.content.toString()) as never).then(
          () => channel.ack(message),
          (error: unknown) => {
            console.error(error);
            setTimeout(() => channel.nack(message), 200);
          },
        );
      });
    },
  };
}
