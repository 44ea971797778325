import type { Role } from './role';

/** Who sent a request. */
export type Caller = {
  /** Names the credential in logs and histories: `anonymous`, `api-key:<prefix>` or `jwt:<sub>`. */
  actor: string;
} & (
  | {
      role: 'customer';
      /** The customer whose things the caller may see and change. */
      customerId: string;
    }
  | {
      role: Exclude<Role, 'customer'>;
      /** Null: the caller is not limited to one customer. */
      customerId: null;
    }
);

/** The caller of every request if the service runs without authentication. */
export const ANONYMOUS: Caller = { actor: 'anonymous', role: 'operator', customerId: null };

/** The caller of an open operation, whose credential nobody has checked: a customer to whom nothing belongs. */
export const UNKNOWN: Caller = {
  actor: 'unknown',
  role: 'customer',
  customerId: '00000000-0000-0000-0000-000000000000',
};
