/** Reads how long a server wants clients to wait, in milliseconds; 0 if it does not say so. */
export const retryAfterOf = (headers: Headers): number => Number(headers.get('retry-after')) * 1_000 || 0;
