/** How a connection to Temporal is secured. */
export interface TemporalSecurity {
  tls: boolean;
  apiKey?: string;
}

/** Derives the security of a connection. An API key implies TLS, because it must not be sent in plain text. */
export const securityOf = ({
  tls = false,
  apiKey,
}: {
  tls?: boolean | undefined;
  apiKey?: string | undefined;
}): TemporalSecurity => ({ tls: tls || apiKey !== undefined, ...(apiKey !== undefined && { apiKey }) });
