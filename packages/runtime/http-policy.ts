import { admissionLimits, type AdmissionLimits } from './admission';
import type { CommonConfig } from './environment';
import { isLoopback } from './loopback';

/** What a service serves, and to whom. */
export interface HttpPolicy {
  /** Whether a request with a foreign `Host` or `Origin` is refused. */
  refusesForeign: boolean;
  /** Host names in addition to the loopback names. */
  allowedHosts: string[];
  /** The origins of pages that may use the API. */
  corsOrigins: string[];
  /** Whether clients can read `/metrics`; otherwise only the management port serves it. */
  servesMetrics: boolean;
  /** How many requests each client may send per minute; 0 means that there is no limit. */
  requestsPerMinute: number;
  /** The load balancers that name the client in `X-Forwarded-For`. */
  trustedProxies: string[];
  /** How many requests are handled at a time. */
  admission: AdmissionLimits;
}

/** Refuses no origin. */
export const OPEN: HttpPolicy = {
  refusesForeign: false,
  allowedHosts: [],
  corsOrigins: [],
  servesMetrics: true,
  requestsPerMinute: 0,
  trustedProxies: [],
  admission: admissionLimits(10),
};

/** The settings of a service on which its policy depends. */
export type PolicySettings = Pick<
  CommonConfig,
  'AUTH' | 'ALLOWED_HOSTS' | 'CORS_ORIGINS' | 'DATABASE_POOL_SIZE' | 'RATE_LIMIT' | 'TRUSTED_PROXIES'
> & {
  MANAGEMENT_PORT: number | 'same';
};

/**
 * Returns the policy of a service's settings. On a loopback address without authentication, every web page that a person
 * on this machine opens could reach the service. On another address, the service knows its names only if they are set.
 */
export function httpPolicyOf(
  {
    AUTH = ['none'],
    ALLOWED_HOSTS,
    CORS_ORIGINS,
    DATABASE_POOL_SIZE,
    MANAGEMENT_PORT,
    RATE_LIMIT,
    TRUSTED_PROXIES,
  }: PolicySettings,
  address: string,
): HttpPolicy {
  const isOpen = isLoopback(address) && AUTH.includes('none');
  return {
    refusesForeign: isOpen || ALLOWED_HOSTS.length > 0,
    allowedHosts: ALLOWED_HOSTS,
    corsOrigins: CORS_ORIGINS,
    servesMetrics: MANAGEMENT_PORT === 'same',
    requestsPerMinute: RATE_LIMIT,
    trustedProxies: TRUSTED_PROXIES,
    admission: admissionLimits(DATABASE_POOL_SIZE),
  };
}
