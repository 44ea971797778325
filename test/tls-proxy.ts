import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certificate } from './certificates';

/** A proxy that terminates TLS in front of a server that has none. */
export class TlsProxy {
  private readonly sockets = new Set<Socket>();
  private readonly listener;

  private constructor(target: string, certificate: Certificate, clientAuthority?: { cert: string }) {
    const [, host, port] = /^(.*):(\d+)$/.exec(target) ?? [];
    const options = {
      ...contentOf(certificate),
      ...(clientAuthority && { ca: readFileSync(clientAuthority.cert), requestCert: true, rejectUnauthorized: true }),
      ALPNProtocols: ['h2'], // gRPC requires it
    };
    this.listener = createServer(options, (client) => {
      const server = connect(Number(port), host);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.sockets.add(from);
        from.on('error', () => undefined).on('close', () => to.destroy());
        from.pipe(to);
      }
    }).on('tlsClientError', () => undefined);
  }

  /**
   * Starts a proxy on a free port.
   *
   * @param target the `host:port` of the server
   * @param clientAuthority requires a client certificate of this authority
   */
  static async to(target: string, certificate: Certificate, clientAuthority?: { cert: string }): Promise<TlsProxy> {
    const proxy = new TlsProxy(target, certificate, clientAuthority);
    await once(proxy.listener.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Closes all connections, and presents another certificate to new ones. */
  useCertificate(certificate: Certificate): void {
    this.listener.setSecureContext(contentOf(certificate));
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}

const contentOf = ({ cert, key }: Certificate): { cert: Buffer; key: Buffer } => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
});
