/** The roles of callers. A caller has one of them. */
export const ROLES = ['customer', 'catalog', 'operator'] as const;

/**
 * What a caller may do. `customer`: places orders, and sees and changes what belongs to its own customer id. `catalog`: changes
 * products. `operator`: everything.
 */
export type Role = (typeof ROLES)[number];

/** Who may call an operation. `open` needs no credential; `any` needs one of any role. */
export type Access = 'open' | 'any' | Role;

/**
 * The roles that may call an operation, by the access that it declares. This is the only place that decides it: the check, the
 * OpenAPI documents and the tests read it.
 */
export const CALLERS: Readonly<Record<Access, readonly Role[]>> = {
  open: ROLES,
  any: ROLES,
  customer: ['customer', 'operator'],
  catalog: ['catalog', 'operator'],
  operator: ['operator'],
};
