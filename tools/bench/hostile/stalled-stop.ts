import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchEnvironment } from '../environment/bench-environment';
import type { Observation } from './hostile-load';
import { LIMITS } from './limits';

const SERVICE = 'order-management';
const RECEIVED_MS = 500;
const BEGINNING =
  'POST /orderManagement/order HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"customerId":';

/** Stops order-management while a client has sent the first half of a body. */
export async function stopDuringBody({ candidateServers }: BenchEnvironment, port: number): Promise<Observation> {
  const client = connect(port, '127.0.0.1');
  client.on('error', () => undefined);
  await once(client, 'connect');
  client.write(BEGINNING);
  await delay(RECEIVED_MS);
  const beganAt = performance.now();
  candidateServers.send(SERVICE, 'SIGTERM');
  const how = await candidateServers.ended(SERVICE);
  const tookMs = performance.now() - beganAt;
  client.destroy();
  return {
    text: `ended after ${(tookMs / 1_000).toFixed(1)} s with ${how}`,
    problems: [...(tookMs > LIMITS.stopMs ? ['time to stop'] : []), ...(how === 'exit code 0' ? [] : ['exit'])],
  };
}
