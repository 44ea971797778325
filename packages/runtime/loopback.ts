import { isIPv4 } from 'node:net';

/** Whether an address, or the name `localhost`, can be reached from this machine only. Any other name counts as reachable. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
