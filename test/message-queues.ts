import { connect, type Channel, type GetMessage } from 'amqplib';

/** A look at a virtual host's queues beside the product's own connections, as an operator or the original would. */
export class MessageQueues {
  private constructor(
    private readonly close: () => Promise<void>,
    readonly channel: Channel,
  ) {}

  static async open(url: string): Promise<MessageQueues> {
    const connection = await connect(url);
    return new MessageQueues(() => connection.close(), await connection.createChannel());
  }

  /** Publishes as the original does: transient, `text/json`, nothing else. */
  publish(exchange: string, routingKey: string, message: unknown): void {
    const content = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    this.channel.publish(exchange, routingKey, content, { contentType: 'text/json' });
  }

  /** How many messages wait in a queue, those given out to a consumer left out. */
  async waiting(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount;
  }

  /** Takes the next message out of a queue; null where there is none. */
  async take(queue: string): Promise<GetMessage | null> {
    const message = await this.channel.get(queue, { noAck: true });
    return message === false ? null : message;
  }

  /** Empties queues, whether they are there or not. */
  async purge(...queues: string[]): Promise<void> {
    for (const queue of queues) {
      await this.channel.assertQueue(queue, { durable: true });
      await this.channel.purgeQueue(queue);
    }
  }

  async stop(): Promise<void> {
    await this.close();
  }
}
