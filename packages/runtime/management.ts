import type { CommonConfig } from './environment';
import { httpPolicyOf, type PolicySettings } from './http-policy';
import { createManagementApp, serveHttp, type HttpOptions } from './http-server';
import type { Part } from './lifecycle';

/**
 * Serves the health checks and the metrics on a port of their own, which clients do not reach. They answer even if the
 * clients use all connections of the other port.
 *
 * @returns the parts to stop after everything else; none if the setting is `same`
 */
export async function serveManagement(
  config: PolicySettings & Pick<CommonConfig, 'MANAGEMENT_ADDRESS'>,
  options: Pick<HttpOptions, 'log' | 'readiness' | 'stopping'>,
): Promise<(Part & { port: number })[]> {
  const { MANAGEMENT_PORT: port, MANAGEMENT_ADDRESS: address } = config;
  if (port === 'same') return [];
  // Prometheus asks for the address of the instance, which is not one of the names that clients use.
  const policy = { ...httpPolicyOf({ ...config, ALLOWED_HOSTS: [] }, address), requestsPerMinute: 0 };
  const app = createManagementApp({ ...options, policy });
  const server = await serveHttp(app, port, { address });
  options.log.info({ address, port: server.port }, 'serving the management port');
  return [{ ...server, name: 'management' }];
}
