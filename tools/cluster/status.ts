import { SERVICES, type ServiceName } from '@shop/dev/service-program';
import type { Cluster } from './cluster';
import { INSTANCES, POSTGRES_SERVERS, type Instance } from './layout';
import { sumOf, valuesByLabel } from './metrics-text';
import { nameOf } from './service-instances';

/** Describes a cluster with one line per part: its process, its state, and the work that it has done. */
export async function describeCluster(cluster: Cluster): Promise<string[]> {
  const { servers, temporal } = cluster;
  return [
    row('haproxy', servers.pidOf('haproxy'), cluster.url),
    ...(await describeServices(cluster)),
    ...(await describePostgres(cluster)),
    row('rabbitmq', servers.pidOf('rabbitmq'), cluster.amqpUrl.replace(/\/\/.*@/, '//')),
    row('temporal', servers.pidOf('temporal'), `${temporal.address}; ${await describeBuilds(cluster)}`),
    row('temporal-ui', servers.pidOf('temporal-ui'), cluster.temporalUiUrl),
  ];
}

const row = (name: string, pid: number | null, description: string): string =>
  `${name.padEnd(22)}${(pid === null ? 'down' : `pid ${pid}`).padEnd(14)}${description}`;

const withDefault = <T>(promise: Promise<T>, value: T): Promise<T> => promise.catch(() => value);

async function describeServices({ servers, services, loadBalancer }: Cluster): Promise<string[]> {
  const statistics = await withDefault(loadBalancer.statistics(), new Map());
  const describeInstance = async (service: ServiceName, instance: Instance): Promise<string> => {
    const name = nameOf(service, instance);
    const pid = servers.pidOf(name);
    if (pid === null) return row(name, pid, '');
    const [metrics, { ready, checks }, build] = await Promise.all([
      withDefault(services.metrics(service, instance), ''),
      withDefault(services.readiness(service, instance), { ready: false, checks: {} }),
      withDefault(services.buildOf(service, instance), 'unknown'),
    ]);
    const { status = '', requests = 0 } = statistics.get(name) ?? {};
    return row(
      name,
      pid,
      [
        ready ? 'ready' : `not ready (${JSON.stringify(checks)})`,
        `build ${build}`,
        ...(service === 'order-management' ? [`HAProxy: ${status}, ${requests} requests`] : []),
        `${sumOf(metrics, 'messages_total')} messages`,
        ...Array.from(valuesByLabel(metrics, 'reads_total'), ([from, count]) => `${count} reads from ${from}`),
      ].join(', '),
    );
  };
  return Promise.all(
    SERVICES.toReversed().flatMap((service) => INSTANCES.map((one) => describeInstance(service, one))),
  );
}

async function describePostgres({ servers, postgres, roles }: Cluster): Promise<string[]> {
  const replication = await withDefault(postgres.replication(roles.primary), []);
  return POSTGRES_SERVERS.map((server) => {
    const name = `postgres-${server}`;
    if (server === roles.primary) return row(name, servers.pidOf(name), 'primary');
    const status = replication.find((one) => one.name === name);
    return row(
      name,
      servers.pidOf(name),
      status
        ? `secondary, ${status.state}, ${status.synchronous}, ${status.lagBytes} bytes and ${status.lagSeconds.toFixed(3)} s behind`
        : 'secondary, not streaming',
    );
  });
}

async function describeBuilds({ temporal }: Cluster): Promise<string> {
  const builds = SERVICES.map(async (service) => {
    const build = await withDefault(temporal.currentBuild(service), null);
    return `current build of ${service}: ${build ?? 'unknown'}`;
  });
  return (await Promise.all(builds)).join(', ');
}
