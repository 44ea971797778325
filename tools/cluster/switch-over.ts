import type { Print } from '@shop/dev/progress';
import type { Cluster } from './cluster';
import type { PostgresServer } from './layout';
import type { PostgresServers } from './postgres-servers';
import type { Roles } from './roles';

/**
 * Makes a secondary the primary, and the primary a secondary.
 *
 * A primary that runs is stopped in good order first, for which it waits until its secondaries have all that it has
 * committed: nothing is lost. One that is dead may have committed what no secondary has received; that is lost with it,
 * unless commits wait for a secondary (docs/scaling.md).
 *
 * There are never two primaries: who is to be it is written down before anybody is made it, and `make cluster` goes by
 * that. It finishes what is broken off here, and makes a server anew that would start as a primary and is not to be one.
 *
 * @returns the roles from then on
 */
export async function switchOver(cluster: Cluster, say: Print): Promise<Roles> {
  const { postgres, loadBalancer, roles: before } = cluster;
  if (postgres.isRunning(before.primary)) await postgres.checkpoint(before.primary);
  const began = Date.now();
  const primary = postgres.isRunning(before.primary)
    ? await stopForSuccessor(postgres, before)
    : await postgres.mostAdvanced(before.secondaries);
  say(`postgres-${before.primary} does not run; postgres-${primary} has the most of it`);
  const [other] = before.secondaries.filter((server) => server !== primary);
  const [first, second] = before.secondaries;
  const after: Roles = {
    primary,
    secondaries: [first === primary ? before.primary : first, second === primary ? before.primary : second],
  };
  cluster.roles = after;
  await postgres.promote(primary, [other!, before.primary]);
  await loadBalancer.repoint(after);
  await postgres.endSessions(primary); // not before: they would come back by their old way
  say(`postgres-${primary} is the primary, after ${((Date.now() - began) / 1_000).toFixed(1)} s without`);

  await cluster.startSecondary(before.primary, { anew: true });
  if (postgres.isRunning(other!)) await postgres.untilStreaming(primary, 2);
  say(`postgres-${before.primary} is a secondary, made anew`);
  return after;
}

/** @returns the secondary that has all of it; where none has, the primary runs again */
async function stopForSuccessor(postgres: PostgresServers, { primary, secondaries }: Roles): Promise<PostgresServer> {
  await postgres.end(primary);
  try {
    return await postgres.mostAdvanced(secondaries, await postgres.endOf(primary));
  } catch (error) {
    await postgres.start(primary);
    throw error;
  }
}
