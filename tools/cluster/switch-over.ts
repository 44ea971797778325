import type { Print } from '@shop/dev/progress';
import type { Cluster } from './cluster';
import type { PostgresServer } from './layout';
import type { PostgresServers } from './postgres-servers';
import type { Roles } from './roles';

/** The parts of a cluster that a switch-over uses. */
export interface SwitchOverCluster extends Pick<Cluster, 'roles' | 'startSecondary'> {
  readonly postgres: Pick<
    PostgresServers,
    | 'isRunning'
    | 'checkpoint'
    | 'end'
    | 'start'
    | 'shutdownPosition'
    | 'mostAdvanced'
    | 'promote'
    | 'endSessions'
    | 'waitUntilStreaming'
  >;
  readonly loadBalancer: Pick<Cluster['loadBalancer'], 'routeByRoles'>;
}

/**
 * Makes a secondary the primary, and the primary a secondary.
 *
 * A running primary is first shut down cleanly: it exits only after its secondaries have received all its WAL, so
 * nothing is lost. A primary that has crashed may have committed transactions that no secondary has received; these are
 * lost, unless commits wait for a secondary (docs/scaling.md).
 *
 * There are never two primaries: the new roles are stored before a server is promoted, and `make cluster` follows the
 * stored roles. It completes an interrupted switch-over, and recreates a server that would start as a second primary.
 *
 * @returns the new roles
 */
export async function switchOver(cluster: SwitchOverCluster, print: Print): Promise<Roles> {
  const { postgres, loadBalancer, roles: before } = cluster;
  const wasRunning = postgres.isRunning(before.primary);
  if (wasRunning) await postgres.checkpoint(before.primary);
  const startedAt = Date.now();
  const primary = wasRunning
    ? await shutDownForSuccessor(postgres, before)
    : await postgres.mostAdvanced(before.secondaries);
  print(
    wasRunning
      ? `postgres-${before.primary} was running and has been shut down; postgres-${primary} has received everything from it`
      : `postgres-${before.primary} is not running; postgres-${primary} has received the most from it`,
  );
  const [other] = before.secondaries.filter((server) => server !== primary);
  const [first, second] = before.secondaries;
  const after: Roles = {
    primary,
    secondaries: [first === primary ? before.primary : first, second === primary ? before.primary : second],
  };
  cluster.roles = after;
  await postgres.promote(primary, [other!, before.primary]);
  await loadBalancer.routeByRoles(after);
  await postgres.endSessions(primary); // not earlier: clients would reconnect to the old primary
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
  print(`postgres-${primary} is the primary; there was no primary for ${seconds} s`);

  await cluster.startSecondary(before.primary, { recreate: true });
  if (postgres.isRunning(other!)) await postgres.waitUntilStreaming(primary, 2);
  print(`postgres-${before.primary} is a secondary, with a new copy of the data`);
  return after;
}

/** Shuts the primary down. @returns a secondary that has received everything; if none has, restarts the primary and throws */
async function shutDownForSuccessor(
  postgres: SwitchOverCluster['postgres'],
  { primary, secondaries }: Roles,
): Promise<PostgresServer> {
  await postgres.end(primary);
  try {
    return await postgres.mostAdvanced(secondaries, await postgres.shutdownPosition(primary));
  } catch (error) {
    await postgres.start(primary);
    throw error;
  }
}
