import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsFile, type Layout, type PostgresServer } from './layout';

/** Which PostgreSQL server has which role. */
export interface Roles {
  primary: PostgresServer;
  secondaries: readonly [PostgresServer, PostgresServer];
}

/** The file that the load balancer looks roles up in. */
export const rolesFile = ({ folder }: Pick<Layout, 'folder'>): string => join(folder, 'postgresql-roles.map');

/** The roles as the load balancer's map has them: by role, the name of the server. */
export const asMap = ({ primary, secondaries: [first, second] }: Roles): Record<string, string> => ({
  primary: `postgres-${primary}`,
  'secondary-1': `postgres-${first}`,
  'secondary-2': `postgres-${second}`,
});

export function writeRoles(layout: Layout, roles: Roles): void {
  const lines = Object.entries(asMap(roles)).map((pair) => `${pair.join(' ')}\n`);
  mkdirSync(layout.folder, { recursive: true });
  writeFileSync(rolesFile(layout), lines.join(''));
}

/** The roles of a cluster; those that a new one starts with where it has none yet. */
export function readRoles(layout: Layout): Roles {
  const own = rolesFile(layout);
  const text = readFileSync(existsSync(own) ? own : settingsFile('postgresql-roles.map'), 'utf8');
  const serverOf = (role: string): PostgresServer => {
    const server = Number(new RegExp(`^${role} postgres-([123])$`, 'm').exec(text)?.[1]);
    if (!server)
      throw new Error(`${rolesFile(layout)} does not say which server is ${role}: write "${role} postgres-1"`);
    return server as PostgresServer;
  };
  return { primary: serverOf('primary'), secondaries: [serverOf('secondary-1'), serverOf('secondary-2')] };
}
