import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect } from '@jest/globals';
import { freePort } from '@shop/dev/ports';
import { serviceProgram, type ServiceName } from '@shop/dev/service-program';
import { eventually } from './eventually';
import { expectDescribed } from './openapi/described-responses';

/** Runs the built service as a process. */
export class ServiceProcess {
  private static readonly running = new Set<ServiceProcess>();
  output = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    private readonly isReady: () => Promise<boolean>,
  ) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (this.output += String(text)));
    this.ended = once(child, 'exit').then(([code, signal]) => {
      ServiceProcess.running.delete(this);
      return { code, signal };
    });
    ServiceProcess.running.add(this);
  }

  /**
   * Starts a service with a few variables of this process and those given; on a free port, unless they set PORT.
   *
   * @param command a command that runs the program which its further arguments name
   */
  static async launch(
    service: ServiceName,
    environment: NodeJS.ProcessEnv,
    command: string[] = [],
  ): Promise<ServiceProcess> {
    const port = Number(environment['PORT'] ?? (await freePort()));
    const { program, args, env, isReady } = serviceProgram({
      service,
      port,
      environment: { PATH: process.env['PATH'], LOG_LEVEL: 'debug', ...environment },
    });
    const [first = program, ...others] = [...command, program, ...args];
    return new ServiceProcess(spawn(first, others, { env }), `http://localhost:${port}`, isReady);
  }

  /** Starts a service and waits until it is ready. */
  static async start(service: ServiceName, environment: NodeJS.ProcessEnv): Promise<ServiceProcess> {
    const started = await ServiceProcess.launch(service, environment);
    await eventually(async () => {
      if (!(await started.isReady().catch(() => false))) throw new Error(`${service} is not ready:\n${started.output}`);
    }, 60_000);
    return started;
  }

  /** Sends a signal, for example SIGSTOP or SIGCONT. */
  send(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a signal and waits for the exit. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.send(signal);
    return this.ended;
  }

  /** Kills every service that a test left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...ServiceProcess.running].map((service) => service.end('SIGKILL')));
  }

  /**
   * Sends a request to order-management and expects 201 for a POST, otherwise 200.
   *
   * @throws {Error} if the OpenAPI document does not describe the response
   */
  async request<T>(method: string, path: string, body?: object): Promise<T> {
    const target = `/orderManagement${path}`;
    const response = await fetch(this.url + target, {
      method,
      ...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    expectDescribed({ method, target, status: response.status, headers: response.headers, text });
    expect({ status: response.status, text }).toMatchObject({ status: method === 'POST' ? 201 : 200 });
    return JSON.parse(text) as T;
  }
}
