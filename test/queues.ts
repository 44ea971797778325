import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { declareRoute, parkedQueue, retryQueue, type Route } from '@shop/amqp/topology';
import { connect, type Channel, type ChannelModel, type ConfirmChannel, type GetMessage } from 'amqplib';
import { eventually } from './eventually';

/** What any other program sees and does on a virtual host: a connection without anything of ours. */
export class Queues {
  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: ConfirmChannel,
  ) {}

  static async open(url: string): Promise<Queues> {
    const connection = await connect(url);
    return new Queues(connection, await connection.createConfirmChannel());
  }

  /** Declares a route, its queues empty. */
  async declare(route: Route): Promise<void> {
    await declareRoute(this.channel, route);
    for (const queue of queuesOf(route)) await this.channel.purgeQueue(queue);
  }

  async remove(route: Route): Promise<void> {
    for (const queue of queuesOf(route)) await this.channel.deleteQueue(queue);
    await this.channel.deleteExchange(route.exchange);
  }

  /** Publishes messages the way the original does; a string goes as it is. Resolves once they are in the queue. */
  async send(route: Route, ...messages: (string | object)[]): Promise<void> {
    for (const message of messages) {
      const content = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
      const properties = { contentType: 'text/json', headers: {}, persistent: false };
      this.channel.publish(route.exchange, route.routingKey, content, properties);
    }
    await this.channel.waitForConfirms();
  }

  /** Takes the next message off a queue, waiting for one. */
  async take(queue: string): Promise<GetMessage> {
    let taken: GetMessage | false = false;
    await eventually(async () => {
      taken = await this.channel.get(queue, { noAck: true });
      if (!taken) throw new Error(`No message came to ${queue}.`);
    });
    return taken as unknown as GetMessage;
  }

  /** The messages that wait in a queue; those given out and not yet acknowledged are not among them. */
  async waiting(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount;
  }

  async consumers(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).consumerCount;
  }

  /** Does what the broker may answer by closing the channel. */
  async onItsOwnChannel<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.connection.createChannel();
    channel.on('error', () => undefined); // the call itself throws it, too
    const result = await use(channel);
    await channel.close();
    return result;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

const queuesOf = (route: Route): string[] => [route.queue, parkedQueue(route), retryQueue(route)];

/** The way to a server, which a test can cut or silence. */
export class Wire {
  private readonly sockets = new Set<Socket>();
  private readonly answers = new Map<Socket, Socket>();
  private port = 0;
  private readonly server = createServer((client) => {
    const broker = connectTcp(Number(this.target.port || 5672), this.target.hostname);
    this.answers.set(broker, client);
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined).on('close', () => to.destroy());
      from.pipe(to);
    }
  });

  private constructor(private target: URL) {}

  static async to(url: string): Promise<Wire> {
    const wire = new Wire(new URL(url));
    await once(wire.server.listen(0, '127.0.0.1'), 'listening');
    return wire;
  }

  /** Leads new connections to another server; those there are stay with theirs. */
  leadTo(url: string): void {
    this.target = new URL(url);
  }

  /** The server's URL by way of this wire. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.toString();
  }

  /** Breaks all connections, as a server does that is killed, and takes no new ones until `comeBack`. */
  async goAway(): Promise<void> {
    this.port = (this.server.address() as AddressInfo).port;
    await this.close();
  }

  async comeBack(): Promise<void> {
    await once(this.server.listen(this.port, '127.0.0.1'), 'listening');
  }

  /** Breaks all connections, as a server does that is killed; new ones go through. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    this.answers.clear();
  }

  /** Keeps back what the server says from now on, on the connections there are. */
  silence(): void {
    for (const broker of this.answers.keys()) broker.unpipe().pause();
  }

  /** Lets through what was kept back, and what comes. */
  speak(): void {
    for (const [broker, client] of this.answers) broker.pipe(client);
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** What a handler waits for until a test lets it go on. */
export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}
