import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationFile, type Layout, type PostgresServer } from './layout';

/** Which PostgreSQL server has which role. */
export interface Roles {
  primary: PostgresServer;
  secondaries: readonly [PostgresServer, PostgresServer];
}

/** Returns the path of the map file in which HAProxy finds the server of a role. */
export const rolesFile = ({ folder }: Pick<Layout, 'folder'>): string => join(folder, 'postgresql-roles.map');

/** Returns the entries of HAProxy's map: by role, the name of the server. */
export const mapEntries = ({ primary, secondaries: [first, second] }: Roles): Record<string, string> => ({
  primary: `postgres-${primary}`,
  'secondary-1': `postgres-${first}`,
  'secondary-2': `postgres-${second}`,
});

export function writeRoles(layout: Layout, roles: Roles): void {
  const lines = Object.entries(mapEntries(roles)).map((entry) => `${entry.join(' ')}\n`);
  mkdirSync(layout.folder, { recursive: true });
  writeFileSync(rolesFile(layout), lines.join(''));
}

/** Returns the roles of a cluster, or the initial ones if it is new. @throws {Error} if the file is incomplete */
export function readRoles(layout: Layout): Roles {
  const file = rolesFile(layout);
  const text = readFileSync(existsSync(file) ? file : configurationFile('postgresql-roles.map'), 'utf8');
  const serverOf = (role: string): PostgresServer => {
    const server = Number(new RegExp(`^${role} postgres-([123])$`, 'm').exec(text)?.[1]);
    if (!server) throw new Error(`${file} names no server for ${role}. Add a line such as "${role} postgres-1".`);
    return server as PostgresServer;
  };
  return { primary: serverOf('primary'), secondaries: [serverOf('secondary-1'), serverOf('secondary-2')] };
}
