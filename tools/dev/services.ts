import { isTaken } from './ports';
import type { Print } from './progress';
import type { Starter } from './servers';
import { serviceProgram } from './service-program';
import { SetupError } from './setup-error';

/** The servers and ports that both services use. */
export interface ServiceEnvironment {
  databaseUrl: string;
  paymentsDatabaseUrl: string;
  /** Null if the system runs without a broker. */
  amqpUrl: string | null;
  temporalAddress: string;
  /** Null or absent if the address of the Web UI is not known. */
  temporalUiUrl?: string | null;
  orderPort: number;
  paymentPort: number;
}

/** Checks before anything is started that the ports of the services are free. @throws {SetupError} if one is taken */
export async function refuseTakenPorts({
  orderPort,
  paymentPort,
}: Pick<ServiceEnvironment, 'orderPort' | 'paymentPort'>): Promise<void> {
  for (const [name, setting, port] of [
    ['order-management', 'ORDER_PORT', orderPort],
    ['payment-processing', 'PAYMENT_PORT', paymentPort],
  ] as const) {
    if (await isTaken(port)) {
      throw new SetupError(`Port ${port} of ${name} is taken. Stop the process that listens there, or set ${setting}.`);
    }
  }
}

/** The origins of the console on this machine, which the payment service permits. */
const consoleOrigins = (port: number): string[] => [`http://localhost:${port}`, `http://127.0.0.1:${port}`];

/** Starts both services as separate processes, and waits until they are ready. */
export async function startServices(environment: ServiceEnvironment, servers: Starter, print: Print): Promise<void> {
  const { databaseUrl, paymentsDatabaseUrl, amqpUrl, temporalAddress, temporalUiUrl, orderPort, paymentPort } =
    environment;
  const services = [
    { service: 'payment-processing', port: paymentPort, database: paymentsDatabaseUrl },
    { service: 'order-management', port: orderPort, database: databaseUrl },
  ] as const;
  for (const { service, port, database } of services) {
    const addresses = {
      MANAGEMENT_PORT: 'same', // the services share the environment
      DATABASE_URL: database,
      DATABASE_URL_FILE: '', // already read
      TEMPORAL_ADDRESS: temporalAddress,
      ...(temporalUiUrl && { TEMPORAL_UI_URL: temporalUiUrl }),
      // The console is a page of order-management that also uses the other service.
      PAYMENT_API_ORIGIN: `http://localhost:${paymentPort}`,
      CORS_ORIGINS: [process.env['CORS_ORIGINS'], ...consoleOrigins(orderPort)].filter(Boolean).join(','),
      AMQP_URL: amqpUrl ?? 'none',
      AMQP_URL_FILE: '',
      ...(amqpUrl === null ? { PAYMENT_CHANNEL: 'activity' } : {}),
    };
    await servers.start(serviceProgram({ service, port, environment: { ...process.env, ...addresses } }));
    print(`${service}: started on port ${port}`);
  }
}
