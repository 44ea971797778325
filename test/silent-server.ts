import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server that accepts connections and never answers, like one that is paused. */
export class SilentServer {
  private readonly sockets: Socket[] = [];
  private readonly listener = createServer((socket) => {
    this.sockets.push(socket);
    socket.on('error', () => undefined).resume();
  });

  static async start(): Promise<SilentServer> {
    const server = new SilentServer();
    await once(server.listener.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  /** `host:port` */
  get host(): string {
    return `127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  /** How many connections it has accepted. */
  get connections(): number {
    return this.sockets.length;
  }

  stop(): void {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
