import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certificate } from './certificates';

export interface TlsProxyOptions {
  /** The `host:port` of the server. */
  target: string;
  certificate: Certificate;
  /** Requires a client certificate of this authority. */
  clientAuthority?: { cert: string };
  /** The address and port to listen on; a free port of 127.0.0.1 by default. */
  host?: string;
  port?: number;
}

/** A proxy that terminates TLS in front of a server that has none. */
export class TlsProxy {
  private readonly sockets = new Set<Socket>();
  private readonly listener;

  private constructor({ target, certificate, clientAuthority }: TlsProxyOptions) {
    const [, host, port] = /^(.*):(\d+)$/.exec(target) ?? [];
    const tls = {
      ...contentOf(certificate),
      ...(clientAuthority && { ca: readFileSync(clientAuthority.cert), requestCert: true, rejectUnauthorized: true }),
      // gRPC requires `h2`, and PostgreSQL `postgresql` if a connection starts with TLS.
      ALPNProtocols: ['h2', 'postgresql'],
      noDelay: true,
    };
    this.listener = createServer(tls, (client) => {
      const server = connect({ port: Number(port), ...(host && { host }), noDelay: true });
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.track(from);
        from.on('error', () => undefined).on('close', () => to.destroy());
        from.pipe(to);
      }
    })
      .on('connection', (socket) => this.track(socket)) // also one whose handshake does not end
      .on('tlsClientError', () => undefined);
  }

  /** Starts a proxy. */
  static async start(options: TlsProxyOptions): Promise<TlsProxy> {
    const proxy = new TlsProxy(options);
    await once(proxy.listener.listen(options.port ?? 0, options.host ?? '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Closes all connections, and presents another certificate to new ones. */
  useCertificate(certificate: Certificate): void {
    this.listener.setSecureContext(contentOf(certificate));
    this.dropConnections();
  }

  /** Closes all connections, and refuses new ones. */
  async close(): Promise<void> {
    const closed = once(this.listener, 'close');
    this.listener.close();
    this.dropConnections();
    await closed;
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
  }

  private dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

const contentOf = ({ cert, key }: Certificate): { cert: Buffer; key: Buffer } => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
});
