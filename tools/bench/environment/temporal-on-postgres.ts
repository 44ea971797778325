import { freePort, isTaken } from '@shop/dev/ports';
import type { TemporalPrograms } from '@shop/cluster/programs';
import { TemporalServer } from '@shop/cluster/temporal-server';
import type { Stage } from './bench-environment';

// Its members find each other by what it stores of these ports, which PostgreSQL takes up to 32,767.
const LOW_PORTS = 23_900;

/** Temporal's own server as the cluster has it, its sagas in an empty store in the stage's PostgreSQL. @returns its address */
export async function startTemporalOnPostgres(stage: Stage, programs: TemporalPrograms): Promise<string> {
  await stage.emptyDatabase('temporal_visibility');
  const { port } = new URL(await stage.emptyDatabase('temporal'));
  const ports = { primary: Number(port), temporal: await freePort(), temporalParts: await freeParts() };
  const server = new TemporalServer(programs, ports, stage.own);
  await server.start();
  return server.address;
}

async function freeParts(): Promise<[number, number, number, number, number, number, number, number]> {
  let low = LOW_PORTS;
  const lowPort = async (): Promise<number> => {
    while (await isTaken(low)) low++;
    return low++;
  };
  const [http, matching, history, worker] = [await freePort(), await freePort(), await freePort(), await freePort()];
  return [http, matching, history, worker, await lowPort(), await lowPort(), await lowPort(), await lowPort()];
}
