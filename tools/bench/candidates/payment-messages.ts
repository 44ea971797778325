import { connect } from 'amqplib';

export interface PaymentRequest {
  orderId: string;
  customerId: string;
  totalAmount: number;
  /** What the payment process is to repeat in its answer, where the order process wants something repeated. */
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
  /** Ends when the broker has the message on disk. */
  publish: <Q extends keyof Messages>(queue: Q, message: Messages[Q]) => Promise<void>;
  /** Up to 100 at once; each is acknowledged once it is handled, and comes again where that fails. */
  consume: <Q extends keyof Messages>(queue: Q, handle: (message: Messages[Q]) => Promise<void>) => Promise<void>;
}

/** Connects to RabbitMQ, as every contestant but ours does; durable queues, persistent messages, a confirm for each. */
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
          error ? reject(error instanceof Error ? error : new Error('RabbitMQ refused a message')) : resolve(),
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
