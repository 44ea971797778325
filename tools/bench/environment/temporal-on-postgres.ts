import type { TemporalPrograms } from '@shop/cluster/programs';
import { TemporalServer } from '@shop/cluster/temporal-server';
import { freePort, isTaken } from '@shop/dev/ports';
import type { BenchEnvironment } from './bench-environment';

// Temporal's services register their membership ports in PostgreSQL, in a column of type smallint: at most 32,767.
const FIRST_MEMBERSHIP_PORT = 23_900;

/** Starts Temporal's server as in the cluster, with an empty store in the bench's PostgreSQL. @returns its address */
export async function startTemporalOnPostgres(
  environment: BenchEnvironment,
  programs: TemporalPrograms,
): Promise<string> {
  await environment.createDatabase('temporal_visibility');
  const { port } = new URL(await environment.createDatabase('temporal'));
  const ports = { primary: Number(port), temporal: await freePort(), temporalParts: await freePartPorts() };
  const server = new TemporalServer(programs, ports, environment.candidateServers);
  await server.start();
  return server.address;
}

async function freePartPorts(): Promise<[number, number, number, number, number, number, number, number]> {
  let next = FIRST_MEMBERSHIP_PORT;
  const membershipPort = async (): Promise<number> => {
    while (await isTaken(next)) next++;
    return next++;
  };
  return [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await membershipPort(),
    await membershipPort(),
    await membershipPort(),
    await membershipPort(),
  ];
}
