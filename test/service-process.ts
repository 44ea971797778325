import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { freePort } from '../tools/dev/ports';
import { eventually } from './eventually';

export type Service = 'order-management' | 'payment-processing';

/** A service as a process of its own, as built. */
export class ServiceProcess {
  private static readonly running = new Set<ServiceProcess>();
  output = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (this.output += String(text)));
    this.ended = once(child, 'exit').then(([code, signal]) => {
      ServiceProcess.running.delete(this);
      return { code, signal };
    });
    ServiceProcess.running.add(this);
  }

  /** Starts a service on a free port; `environment` says the rest. */
  static async launch(service: Service, environment: NodeJS.ProcessEnv): Promise<ServiceProcess> {
    const port = await freePort();
    const main = join(__dirname, '..', service, 'dist', 'main.js');
    const env = { PATH: process.env['PATH'], LOG_LEVEL: 'debug', PORT: String(port), ...environment };
    return new ServiceProcess(spawn(process.execPath, [main], { env }), `http://localhost:${port}`);
  }

  /** Starts a service and waits until it says that it is ready. */
  static async start(service: Service, environment: NodeJS.ProcessEnv): Promise<ServiceProcess> {
    const started = await ServiceProcess.launch(service, environment);
    await eventually(async () => {
      const response = await fetch(`${started.url}/readyz`).catch((error: unknown) => error);
      if (!(response instanceof Response && response.ok))
        throw new Error(`${service} is not ready:\n${started.output}`);
    }, 60_000);
    return started;
  }

  /** Sends a signal, such as those that halt a process and let it go on. */
  send(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.send(signal);
    return this.ended;
  }

  /** Ends whatever a test has left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...ServiceProcess.running].map((service) => service.end('SIGKILL')));
  }

  async request<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}/orderManagement${path}`, {
      method,
      ...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    expect({ status: response.status, text }).toMatchObject({ status: method === 'POST' ? 201 : 200 });
    return JSON.parse(text) as T;
  }
}
