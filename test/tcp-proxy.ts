import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy in front of a server, with which a test simulates failures of the network and of the server. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  /** The client of each connection to the server. */
  private readonly clients = new Map<Socket, Socket>();
  private port = 0;
  private readonly listener = createServer((client) => {
    const server = connect(Number(this.target.port || 5672), this.target.hostname);
    this.clients.set(server, client);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined).on('close', () => to.destroy());
      from.pipe(to);
    }
  });

  private constructor(private target: URL) {}

  /** Starts a proxy to the server of a URL. */
  static async to(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url));
    await once(proxy.listener.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  /** The server's URL with the proxy's host and port. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.listener.address() as AddressInfo).port);
    return url.toString();
  }

  /** Directs new connections to another server; existing ones stay. */
  redirectTo(url: string): void {
    this.target = new URL(url);
  }

  /** Closes all connections, as if the server were killed; accepts new ones. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    this.clients.clear();
  }

  /** Closes all connections and refuses new ones until `restart`. */
  async stop(): Promise<void> {
    this.port = (this.listener.address() as AddressInfo).port;
    await this.close();
  }

  /** Accepts connections again, on the same port. */
  async restart(): Promise<void> {
    await once(this.listener.listen(this.port, '127.0.0.1'), 'listening');
  }

  /** Holds back everything that the server sends on the existing connections. */
  holdResponses(): void {
    for (const server of this.clients.keys()) server.unpipe().pause();
  }

  /** Forwards what was held back, and what follows. */
  releaseResponses(): void {
    for (const [server, client] of this.clients) server.pipe(client);
  }

  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}
