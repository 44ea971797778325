import { isTaken } from './ports';
import type { Print } from './progress';
import type { Starter } from './servers';
import { serviceProgram } from './service-program';
import { SetupError } from './setup-error';

/** What both services are told of the servers that they need. */
export interface ServiceEnvironment {
  databaseUrl: string;
  paymentsDatabaseUrl: string;
  /** Null where the system does without a broker. */
  amqpUrl: string | null;
  temporalAddress: string;
  orderPort: number;
  paymentPort: number;
}

/** Says so before anything is started where a port of the services is taken. @throws SetupError */
export async function refuseTakenPorts({
  orderPort,
  paymentPort,
}: Pick<ServiceEnvironment, 'orderPort' | 'paymentPort'>): Promise<void> {
  for (const [name, setting, port] of [
    ['order-management', 'ORDER_PORT', orderPort],
    ['payment-processing', 'PAYMENT_PORT', paymentPort],
  ] as const) {
    if (await isTaken(port)) {
      throw new SetupError(
        `Port ${port}, where ${name} is to listen, is taken: stop what listens there, or set ${setting}.`,
      );
    }
  }
}

/** Starts both services as processes of their own, and waits until they serve. */
export async function startServices(environment: ServiceEnvironment, servers: Starter, print: Print): Promise<void> {
  const { databaseUrl, paymentsDatabaseUrl, amqpUrl, temporalAddress, orderPort, paymentPort } = environment;
  const services = [
    { service: 'payment-processing', port: paymentPort, database: paymentsDatabaseUrl },
    { service: 'order-management', port: orderPort, database: databaseUrl },
  ] as const;
  for (const { service, port, database } of services) {
    const addresses = {
      DATABASE_URL: database,
      TEMPORAL_ADDRESS: temporalAddress,
      AMQP_URL: amqpUrl ?? 'none',
      ...(amqpUrl === null ? { PAYMENT_CHANNEL: 'activity' } : {}),
    };
    await servers.start(serviceProgram({ service, port, environment: { ...process.env, ...addresses } }));
    print(`${service}: on port ${port}`);
  }
}
