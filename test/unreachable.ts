/**
 * An address that no network reaches: the system refuses a connection to the broadcast address with ENETUNREACH, whatever
 * its routes are.
 */
export const UNREACHABLE = '255.255.255.255';
