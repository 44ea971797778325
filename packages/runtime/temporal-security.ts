/** How a Temporal server is reached, beside its address. */
export interface TemporalSecurity {
  tls: boolean;
  apiKey?: string;
}

/** @returns TLS also where only a key says so, which nobody else is to read */
export const securityOf = ({
  tls = false,
  apiKey,
}: {
  tls?: boolean | undefined;
  apiKey?: string | undefined;
}): TemporalSecurity => ({ tls: tls || apiKey !== undefined, ...(apiKey !== undefined && { apiKey }) });
