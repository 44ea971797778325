import { expect, test } from '@jest/globals';
import type { PostgresServer } from './layout';
import type { Roles } from './roles';
import { switchOver, type SwitchOverCluster } from './switch-over';

/** A fake cluster that records its calls: postgres-1 is the primary, and postgres-3 has received the most from it. */
function aCluster({ running, received = true }: { running: PostgresServer[]; received?: boolean }) {
  const calls: string[] = [];
  const record = async (...call: unknown[]): Promise<void> => void calls.push(call.join(' '));
  const isRunning = new Set(running);
  const cluster: SwitchOverCluster = {
    roles: { primary: 1, secondaries: [2, 3] },
    postgres: {
      isRunning: (server) => isRunning.has(server),
      checkpoint: (server) => record('checkpoint', server),
      end: async (server) => {
        isRunning.delete(server);
        await record('end', server);
      },
      start: (server) => record('start', server),
      shutdownPosition: async () => '0/3000000',
      mostAdvanced: async (_, atLeast) => {
        if (!received && atLeast !== undefined) throw new Error('No running secondary has received everything');
        return 3;
      },
      promote: (server, followers) => record('promote', server, 'followers', ...(followers ?? [])),
      endSessions: (server) => record('end sessions', server),
      waitUntilStreaming: async () => undefined,
    },
    loadBalancer: { routeByRoles: (roles) => record('route to', roles.primary) },
    startSecondary: (server, options) => record('start secondary', server, options?.recreate ? 'recreated' : ''),
  };
  return { cluster, calls };
}

async function switchedOver(cluster: SwitchOverCluster): Promise<{ roles: Roles; lines: string[] }> {
  const lines: string[] = [];
  return { roles: await switchOver(cluster, (line) => lines.push(line)), lines };
}

test('shuts a running primary down, and does not report it as dead', async () => {
  const { cluster, calls } = aCluster({ running: [1, 2, 3] });

  const { roles, lines } = await switchedOver(cluster);

  expect(lines[0]).toBe('postgres-1 was running and has been shut down; postgres-3 has received everything from it');
  expect(lines.join('\n')).not.toMatch(/not running/);
  expect(roles).toEqual({ primary: 3, secondaries: [2, 1] });
  expect(calls).toEqual([
    'checkpoint 1',
    'end 1',
    'promote 3 followers 2 1',
    'route to 3',
    'end sessions 3',
    'start secondary 1 recreated',
  ]);
});

test('reports a crashed primary, and promotes the secondary that has received the most', async () => {
  const { cluster, calls } = aCluster({ running: [2, 3] });

  const { lines } = await switchedOver(cluster);

  expect(lines[0]).toBe('postgres-1 is not running; postgres-3 has received the most from it');
  expect(calls).not.toContain('end 1');
});

test('stores the new roles before it promotes a server', async () => {
  const { cluster } = aCluster({ running: [2, 3] });
  let rolesAtPromotion: Roles | null = null;
  cluster.postgres.promote = async () => void (rolesAtPromotion = cluster.roles);

  await switchedOver(cluster);

  expect(rolesAtPromotion).toEqual({ primary: 3, secondaries: [2, 1] });
});

test('starts the primary again if no secondary has received everything', async () => {
  const { cluster, calls } = aCluster({ running: [1, 2, 3], received: false });

  await expect(switchedOver(cluster)).rejects.toThrow('No running secondary has received everything');

  expect(calls).toEqual(['checkpoint 1', 'end 1', 'start 1']);
  expect(cluster.roles.primary).toBe(1);
});
