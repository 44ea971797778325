import { readFileSync } from 'node:fs';

const ESTABLISHED = '01';

/** Returns the ports of the clients whose TCP connection to a local port the server still holds open. */
export function clientPortsOf(serverPort: number): Set<number> {
  const lines = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1));
  const ports = new Set<number>();
  for (const line of lines) {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && portOf(local) === serverPort) ports.add(portOf(remote));
  }
  return ports;
}

/** @param address such as `0100007F:1F41` */
const portOf = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
