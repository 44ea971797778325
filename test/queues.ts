import { declareRoute, failedExchange, queuesOf, type Route } from '@shop/amqp/topology';
import { connect, type Channel, type ChannelModel, type ConfirmChannel, type GetMessage, type Options } from 'amqplib';
import { eventually } from './eventually';

/** The queues of a virtual host as another program sees them: a plain AMQP connection without code of the product. */
export class Queues {
  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: ConfirmChannel,
  ) {}

  static async open(url: string): Promise<Queues> {
    const connection = await connect(url);
    return new Queues(connection, await connection.createConfirmChannel());
  }

  /** Declares a route and empties its queues. */
  async declare(route: Route): Promise<void> {
    await declareRoute(this.channel, route);
    for (const queue of queuesOf(route)) await this.channel.purgeQueue(queue);
  }

  async remove(route: Route): Promise<void> {
    for (const queue of queuesOf(route)) await this.channel.deleteQueue(queue);
    for (const exchange of [route.exchange, failedExchange(route)]) await this.channel.deleteExchange(exchange);
  }

  /** Publishes messages as the original does, a string unchanged. Resolves when they are in the queue. */
  async send(route: Route, ...messages: (string | object)[]): Promise<void> {
    await this.sendWith(route, {}, ...messages);
  }

  /** Like `send`, with additional properties. */
  async sendWith(route: Route, properties: Options.Publish, ...messages: (string | object)[]): Promise<void> {
    for (const message of messages) {
      const content = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
      const all = { contentType: 'text/json', headers: {}, persistent: false, ...properties };
      this.channel.publish(route.exchange, route.routingKey, content, all);
    }
    await this.channel.waitForConfirms();
  }

  /** Waits for the next message of a queue and removes it. */
  async take(queue: string): Promise<GetMessage> {
    let taken: GetMessage | false = false;
    await eventually(async () => {
      taken = await this.channel.get(queue, { noAck: true });
      if (!taken) throw new Error(`No message arrived in ${queue}.`);
    });
    return taken as unknown as GetMessage;
  }

  /** Counts the messages that are ready for delivery; delivered messages that are not acknowledged do not count. */
  async waiting(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount;
  }

  async consumers(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).consumerCount;
  }

  /** Runs an operation on a separate channel, because the broker may close the channel. */
  async onItsOwnChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.connection.createChannel();
    channel.on('error', () => undefined); // the operation throws it as well
    const result = await use(channel);
    await channel.close();
    return result;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
