import type { Caller } from './caller';

/**
 * Makes an Idempotency-Key the caller's own, so that the same text sent by somebody else is another key. The keys of a customer
 * belong to the customer, whatever the credential is: a request can be repeated after an API key was replaced. Without
 * authentication, the key is stored as it is sent. A sent key contains no space, so no two callers have a key in common.
 */
export const scopedKey = ({ role, customerId, actor }: Caller, key: string): string => {
  if (actor === 'anonymous') return key;
  return `${role === 'customer' ? `customer:${customerId}` : actor} ${key}`;
};
