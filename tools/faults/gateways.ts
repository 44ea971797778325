import { CertificateAuthority } from '@shop/dev/certificates';
import { TlsProxy } from '@shop/dev/tls-proxy';
import { hasOwnNetwork, makeReachable, makeUnreachable, type UnreachableError } from './own-network';

export const SERVERS = ['database', 'broker', 'Temporal'] as const;
export type Server = (typeof SERVERS)[number];

// In a network of its own, each gateway has an address of its own, whose route a fault can remove.
const HOSTS: Record<Server, string> = hasOwnNetwork()
  ? { database: '127.0.0.2', broker: '127.0.0.3', Temporal: '127.0.0.4' }
  : { database: '127.0.0.1', broker: '127.0.0.1', Temporal: '127.0.0.1' };

/** The way from the services to the servers: a TLS proxy in front of each, which a fault can break. */
export class Gateways {
  private readonly authority: CertificateAuthority;
  private readonly trusted;
  private readonly untrusted;
  private readonly proxies: Partial<Record<Server, TlsProxy>> = {};

  /** @param ports the port of each server on localhost, and the one on which its gateway listens */
  constructor(
    folder: string,
    private readonly ports: Record<Server, { server: number; gateway: number }>,
  ) {
    const addresses = [...new Set(Object.values(HOSTS))].map((host) => `IP:${host}`);
    this.authority = new CertificateAuthority(folder, 'ca');
    this.trusted = this.authority.issue('gateway', addresses);
    this.untrusted = new CertificateAuthority(folder, 'other-ca').issue('gateway', addresses);
  }

  async stop(): Promise<void> {
    for (const proxy of Object.values(this.proxies)) await proxy.close();
  }

  /** The settings with which a service uses the gateways. */
  settings({ user, database }: { user: string; database: string }) {
    const { cert } = this.authority;
    const at = (server: Server): string => `${HOSTS[server]}:${this.ports[server].gateway}`;
    // The proxies do not know PostgreSQL's request for TLS, so connections start with TLS.
    const tls = `sslmode=verify-full&sslrootcert=${cert}&sslnegotiation=direct`;
    return {
      DATABASE_URL: `postgresql://${user}@${at('database')}/${database}?${tls}`,
      AMQP_URL: `amqps://guest:guest@${at('broker')}`,
      AMQP_TLS_CA: cert,
      TEMPORAL_ADDRESS: at('Temporal'),
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: cert,
    };
  }

  /** Refuses connections to a server, like a host on which it does not run. */
  async close(server: Server): Promise<void> {
    await this.proxies[server]?.close();
  }

  /** Forwards connections to a server. */
  async open(server: Server): Promise<void> {
    const { server: port, gateway } = this.ports[server];
    this.proxies[server] = await TlsProxy.start({
      target: `localhost:${port}`,
      certificate: this.trusted,
      host: HOSTS[server],
      port: gateway,
    });
  }

  /** Presents a certificate that the services trust, or one that they do not. */
  presentCertificate(server: Server, kind: 'trusted' | 'untrusted'): void {
    this.proxies[server]?.useCertificate(this[kind]);
  }

  makeUnreachable(server: Server, error: UnreachableError): void {
    makeUnreachable(HOSTS[server], error);
  }

  makeReachable(server: Server, error: UnreachableError): void {
    makeReachable(HOSTS[server], error);
  }
}
