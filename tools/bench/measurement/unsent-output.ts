import { readFileSync } from 'node:fs';

const ESTABLISHED = '01';

/** Returns how many bytes wait in the kernel for each client of a local TCP port, by the client's port. */
export function unsentOutputOf(serverPort: number): Map<number, number> {
  const lines = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1));
  const unsent = new Map<number, number>();
  for (const line of lines) {
    const [, local = '', remote = '', state, queues = ''] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED || portOf(local) !== serverPort) continue;
    unsent.set(portOf(remote), Number.parseInt(queues, 16)); // as far as the colon: the queue for sending
  }
  return unsent;
}

/** @param address such as `0100007F:1F41` */
const portOf = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
