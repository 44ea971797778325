import { isIPv4 } from 'node:net';

/** Whether an address, or the name `localhost`, can be reached from this machine only. Any other name counts as reachable. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));

/** The same for the host of a URL or of a header `Host`, without its port: names in any case, IPv6 in brackets. */
export const isLoopbackHost = (host: string): boolean =>
  host === '[::1]' || (host !== '::1' && isLoopback(host.toLowerCase()));
