import { PORT_COUNT } from '@shop/cluster/layout';
import { isFreeRange } from '@shop/cluster/prerequisites';

/**
 * Finds the first of 60 free ports, outside the range from which the system assigns ports to outgoing connections: a
 * connection could take the port of a server that is down for a moment.
 */
export async function findFreeRange(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 200) * PORT_COUNT;
    if (await isFreeRange(first)) return first;
  }
}
