import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '@shop/dev/service-program';
import { withDatabase } from '@shop/dev/with-database';
import type { Fault } from './fault-plan';
import type { Server } from './gateways';
import { changeDefaults } from './database-defaults';
import { sendHostileSignals } from './hostile-signals';
import { publishHostileMessages, publishInvalidMessages, reorderMessages, repeatMessages } from './messages';
import { hasOwnNetwork } from './own-network';
import type { SystemUnderTest } from './system-under-test';
import { terminateSagas } from './temporal-workflows';

const GIVE_UP_TIMEOUT_MS = 90_000;

/** What a fault has done. */
export interface FaultReport {
  /** A line for the person who reads the output. */
  description: string;
  /** The ids of the messages that were published and that must be parked. */
  invalidMessages?: string[];
}

/** Causes a fault, and repairs it as an orchestrator would: by restarting the processes that have ended. */
export async function causeFault(system: SystemUnderTest, fault: Fault): Promise<FaultReport> {
  if (fault.kind !== 'publish invalid messages' && fault.kind !== 'publish hostile messages') {
    return { description: await cause(system, fault) };
  }
  const publish = fault.kind === 'publish invalid messages' ? publishInvalidMessages : publishHostileMessages;
  const invalidMessages = await publish(system.amqpUrl, fault.count);
  return { description: `${fault.kind}: ${invalidMessages.length}`, invalidMessages };
}

async function cause(
  system: SystemUnderTest,
  fault: Exclude<Fault, { kind: 'publish invalid messages' | 'publish hostile messages' }>,
): Promise<string> {
  switch (fault.kind) {
    case 'kill order service':
    case 'kill payment service':
    case 'stop order service':
    case 'stop payment service': {
      const service = serviceOf(fault.kind);
      await system.endService(service, fault.instance, signalOf(fault.kind));
      await system.startService(service, fault.instance);
      return `${fault.kind} ${fault.instance}`;
    }
    case 'pause order service':
    case 'pause payment service': {
      const service = serviceOf(fault.kind);
      return during(
        { kind: `${fault.kind} ${fault.instance}`, ms: fault.ms },
        () => system.signalService(service, fault.instance, 'SIGSTOP'),
        () => system.signalService(service, fault.instance, 'SIGCONT'),
      );
    }
    case 'kill broker':
    case 'stop broker':
      return during(
        fault,
        () => system.endBroker(signalOf(fault.kind)),
        () => system.startBroker(),
      );
    case 'pause broker':
    case 'pause Temporal': {
      const server = fault.kind === 'pause broker' ? 'rabbitmq' : 'temporal';
      return during(
        fault,
        () => system.signalServer(server, 'SIGSTOP'),
        () => system.signalServer(server, 'SIGCONT'),
      );
    }
    case 'block publishers':
      return during(
        fault,
        () => system.blockPublishers(true),
        () => system.blockPublishers(false),
      );
    case 'fill disk': {
      if (!system.fillDisk()) return 'fill disk: skipped, because a separate disk for the database needs root on Linux';
      const error = await writeUntilDiskIsFull(system.databaseUrl);
      await delay(fault.ms);
      await system.freeDisk();
      return `fill disk for ${fault.ms} ms: ${error}`;
    }
    case 'kill database':
    case 'stop database':
      return during(
        fault,
        () => system.endDatabase(signalOf(fault.kind)),
        () => system.startDatabase(),
      );
    case 'kill Temporal':
    case 'stop Temporal':
      return during(
        fault,
        () => system.endTemporal(signalOf(fault.kind)),
        () => system.startTemporal(),
      );
    case "delete Temporal's store":
      await system.endTemporal('SIGKILL');
      system.deleteTemporalStore();
      await system.startTemporal();
      return fault.kind;
    case 'database unreachable':
    case 'broker unreachable':
    case 'Temporal unreachable': {
      if (!hasOwnNetwork()) return `${fault.kind}: skipped, because a separate network needs root on Linux`;
      const [server] = fault.kind.split(' ') as [Server];
      return during(
        { kind: `${fault.kind} (${fault.error})`, ms: fault.ms },
        () => system.gateways.makeUnreachable(server, fault.error),
        () => system.gateways.makeReachable(server, fault.error),
      );
    }
    case 'database certificate untrusted':
    case 'broker certificate untrusted':
    case 'Temporal certificate untrusted': {
      const [server] = fault.kind.split(' ') as [Server];
      return during(
        fault,
        () => system.gateways.presentCertificate(server, 'untrusted'),
        () => system.gateways.presentCertificate(server, 'trusted'),
      );
    }
    case 'change isolation level':
      return during(
        { kind: `${fault.kind} to ${fault.level}`, ms: fault.ms },
        () => changeDefaults(system.databaseUrl, { default_transaction_isolation: fault.level }),
        () => changeDefaults(system.databaseUrl, {}),
      );
    case 'shorten timeouts': {
      const { lockMs, statementMs, idleMs, ms } = fault;
      return during(
        { kind: `${fault.kind} to ${lockMs}, ${statementMs} and ${idleMs} ms`, ms },
        () =>
          changeDefaults(system.databaseUrl, {
            lock_timeout: `${lockMs}ms`,
            statement_timeout: `${statementMs}ms`,
            idle_session_timeout: `${idleMs}ms`,
          }),
        () => changeDefaults(system.databaseUrl, {}),
      );
    }
    case 'send hostile signals': {
      const { temporalAddress, databaseUrl } = system;
      // Without payments, orders are in flight whose sagas can receive signals.
      const sent = await withoutPaymentServices(system, () =>
        sendHostileSignals(temporalAddress, databaseUrl, fault.count),
      );
      return `send hostile signals: ${sent}`;
    }
    case 'terminate sagas':
      return `terminate sagas: ${await terminateSagas(system.temporalAddress, fault.count)}`;
    case 'repeat messages':
      return `repeat messages: ${await repeatMessages(system.databaseUrl, system.amqpUrl, fault.count)}`;
    case 'reorder messages': {
      const count = await withoutPaymentServices(system, () => reorderMessages(system.amqpUrl, fault));
      return `reorder messages: ${count}`;
    }
    case 'stop payment services until sagas give up': {
      const count = await withoutPaymentServices(system, () => waitUntilSagasGiveUp(system, fault.ms));
      return `${fault.kind}: ${count} gave up`;
    }
    default:
      throw new Error(`Unknown fault: ${JSON.stringify(fault satisfies never)}`);
  }
}

/** Begins a fault, waits, and ends it. @returns the description of the fault */
async function during(
  { kind, ms }: { kind: string; ms: number },
  begin: () => unknown,
  end: () => unknown,
): Promise<string> {
  await begin();
  await delay(ms);
  await end();
  return `${kind} for ${ms} ms`;
}

/** "kill" is a crash; "stop" is a clean shutdown. */
const signalOf = (kind: string): 'SIGKILL' | undefined => (kind.startsWith('kill') ? 'SIGKILL' : undefined);
const serviceOf = (kind: string): ServiceName =>
  kind.endsWith('order service') ? 'order-management' : 'payment-processing';

/** Writes until PostgreSQL reports that the disk is full. @returns its error */
async function writeUntilDiskIsFull(databaseUrl: string): Promise<string> {
  try {
    await withDatabase(databaseUrl, (sql) =>
      sql.query('CREATE TEMPORARY TABLE filler AS SELECT generate_series(1, 100000000)'),
    );
  } catch (error) {
    return String(error);
  }
  throw new Error('PostgreSQL wrote 100 million rows to a disk that should be full.');
}

/** Calls `act` while both payment services are down and some requests wait in their queue. */
async function withoutPaymentServices<T>(system: SystemUnderTest, act: () => Promise<T>): Promise<T> {
  for (const instance of [1, 2]) await system.endService('payment-processing', instance, 'SIGKILL');
  try {
    await delay(1_000);
    return await act();
  } finally {
    for (const instance of [1, 2]) await system.startService('payment-processing', instance);
  }
}

/**
 * Waits until a saga has given up on its payment, and `ms` longer; waits for nothing if no order is unsettled.
 *
 * @returns the number of sagas that gave up
 */
async function waitUntilSagasGiveUp(system: SystemUnderTest, ms: number): Promise<number> {
  return withDatabase(system.databaseUrl, async (sql) => {
    const count = async () => (await sql.query<{ unsettled: number; given_up: number }>(GIVEN_UP)).rows[0]!;
    const { given_up: before } = await count();
    for (const end = Date.now() + GIVE_UP_TIMEOUT_MS; ; await delay(500)) {
      const { unsettled, given_up: now } = await count();
      if (now > before || unsettled === 0) break;
      await system.restartTemporalIfStoreHangs();
      if (Date.now() > end) {
        throw new Error(`No payment was possible for ${GIVE_UP_TIMEOUT_MS / 1_000} s, but no saga has given up.`);
      }
    }
    await delay(ms);
    return (await count()).given_up - before;
  });
}

const GIVEN_UP = `SELECT count(*) FILTER (WHERE order_status = 'placed')::int AS unsettled,
  count(*) FILTER (WHERE cancellation_code = 'payment-timeout')::int AS given_up FROM orders`;
