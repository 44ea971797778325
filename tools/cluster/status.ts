import { SERVICES, type ServiceName } from '@shop/dev/service-program';
import type { Cluster } from './cluster';
import { INSTANCES, POSTGRES_SERVERS, type Instance } from './layout';
import { byLabel, sumOf } from './metrics-text';
import { nameOf } from './service-instances';

/** Every part of a cluster, a line each: how it is, and what it has done. */
export async function describe(cluster: Cluster): Promise<string[]> {
  return [
    row('haproxy', cluster.servers.pidOf('haproxy'), cluster.url),
    ...(await describeServices(cluster)),
    ...(await describePostgres(cluster)),
    row('rabbitmq', cluster.servers.pidOf('rabbitmq'), cluster.amqpUrl.replace(/\/\/.*@/, '//')),
    row('temporal', cluster.servers.pidOf('temporal'), `${cluster.temporal.address}; ${await currentBuilds(cluster)}`),
    row('temporal-ui', cluster.servers.pidOf('temporal-ui'), cluster.temporalUiUrl),
  ];
}

const row = (name: string, pid: number | null, told: string): string =>
  `${name.padEnd(22)}${(pid === null ? 'down' : `pid ${pid}`).padEnd(14)}${told}`;

const orElse = <T>(promise: Promise<T>, otherwise: T): Promise<T> => promise.catch(() => otherwise);

async function describeServices({ servers, services, loadBalancer }: Cluster): Promise<string[]> {
  const balanced = await orElse(loadBalancer.statistics(), new Map());
  const describeOne = async (service: ServiceName, instance: Instance): Promise<string> => {
    const name = nameOf(service, instance);
    const pid = servers.pidOf(name);
    if (pid === null) return row(name, pid, '');
    const [metrics, { ready, checks }, build] = await Promise.all([
      orElse(services.metrics(service, instance), ''),
      orElse(services.readiness(service, instance), { ready: false, checks: {} }),
      orElse(services.buildOf(service, instance), 'unknown'),
    ]);
    const { status = '', taken = 0 } = balanced.get(name) ?? {};
    return row(
      name,
      pid,
      [
        ready ? 'ready' : `not ready (${JSON.stringify(checks)})`,
        `build ${build}`,
        ...(service === 'order-management' ? [`balanced ${status}, ${taken} requests`] : []),
        `${sumOf(metrics, 'messages_total')} messages`,
        ...Array.from(byLabel(metrics, 'reads_total'), ([from, count]) => `${count} reads from ${from}`),
      ].join(', '),
    );
  };
  return Promise.all(SERVICES.toReversed().flatMap((service) => INSTANCES.map((one) => describeOne(service, one))));
}

async function describePostgres({ servers, postgres, roles }: Cluster): Promise<string[]> {
  const replication = await orElse(postgres.replication(roles.primary), []);
  return POSTGRES_SERVERS.map((server) => {
    const name = `postgres-${server}`;
    if (server === roles.primary) return row(name, servers.pidOf(name), 'primary');
    const found = replication.find((one) => one.name === name);
    return row(
      name,
      servers.pidOf(name),
      found
        ? `secondary, ${found.state}, ${found.synchronous}, ${found.lagBytes} bytes and ${found.lagSeconds.toFixed(3)} s behind`
        : 'secondary, not streaming',
    );
  });
}

async function currentBuilds({ temporal }: Cluster): Promise<string> {
  const builds = SERVICES.map(async (service) => {
    const build = await orElse(temporal.currentBuild(service), null);
    return `sagas of ${service} go to build ${build ?? 'unknown'}`;
  });
  return (await Promise.all(builds)).join(', ');
}
