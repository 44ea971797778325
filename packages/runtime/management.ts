import type { CommonConfig } from './environment';
import { httpPolicyOf, type PolicySettings } from './http-policy';
import { createManagementApp, serveHttp, type HttpOptions } from './http-server';
import type { Part } from './lifecycle';

const REMEDY =
  'Set MANAGEMENT_PORT to a free port, to 0 for any free port, or to same to serve the metrics on the port of the API. ' +
  'MANAGEMENT_ADDRESS must be an address of this machine.';

/**
 * Serves the health checks and the metrics on a port of their own, which clients do not reach. They answer even if the
 * clients use all connections of the other port.
 *
 * @returns the parts to stop after everything else; none if the setting is `same`
 * @throws {Error} if the port cannot be opened; it names the settings
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
  const server = await serveHttp(app, port, { address }).catch((cause: unknown) => {
    throw new Error(`The management port cannot be opened. ${REMEDY}`, { cause });
  });
  options.log.info({ address, port: server.port }, 'serving the management port');
  return [{ ...server, name: 'management' }];
}
