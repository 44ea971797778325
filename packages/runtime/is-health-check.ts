import type { Request } from 'express';

/**
 * Whether a request checks the health of this instance. An orchestrator or a load balancer sends it to the address of the
 * instance, from the address from which all requests arrive.
 */
export const isHealthCheck = ({ path }: Pick<Request, 'path'>): boolean => /^\/(livez|readyz)\/?$/i.test(path);
