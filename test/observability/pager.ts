import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

interface Notification {
  alerts: { status: 'firing' | 'resolved'; labels: { alertname: string } }[];
}

/** Receives what Alertmanager sends: pages at `/pages`, tickets at `/tickets`. */
export class Pager {
  /** For each path, the names of the alerts that were sent as firing. */
  private readonly sent: { path: string; alert: string }[] = [];
  private readonly server: Server = createServer((request, response) => void this.receive(request, response));

  static async start(): Promise<Pager> {
    const pager = new Pager();
    await once(pager.server.listen(0, '127.0.0.1'), 'listening');
    return pager;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The alerts that were sent to a receiver, without repetitions. */
  sentTo(receiver: 'pages' | 'tickets'): string[] {
    return [...new Set(this.sent.filter(({ path }) => path === `/${receiver}`).map(({ alert }) => alert))];
  }

  forget(): void {
    this.sent.length = 0;
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { alerts } = (await json(request)) as Notification;
    for (const { status, labels } of alerts) {
      if (status === 'firing') this.sent.push({ path: request.url!, alert: labels.alertname });
    }
    response.end();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
