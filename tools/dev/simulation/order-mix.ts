export const ORDER_KINDS = ['shipped', 'declined', 'cancelled'] as const;

/** How an order is meant to end. */
export type OrderKind = (typeof ORDER_KINDS)[number];

/**
 * Distributes kinds of orders evenly in time: after any number of orders, the count of each kind differs from its share
 * by less than two. Random numbers would make short runs differ.
 */
export class OrderMix {
  private readonly owed: Record<OrderKind, number> = { shipped: 0, declined: 0, cancelled: 0 };
  private readonly shares: Record<OrderKind, number>;

  /** @param shares from 0 to 1; the other orders are shipped */
  constructor({ declined, cancelled }: { declined: number; cancelled: number }) {
    this.shares = { declined, cancelled, shipped: 1 - declined - cancelled };
  }

  /** Returns the kind of the next order. */
  next(): OrderKind {
    for (const kind of ORDER_KINDS) this.owed[kind] += this.shares[kind];
    const kind = ORDER_KINDS.reduce((most, one) => (this.owed[one] > this.owed[most] ? one : most));
    this.owed[kind] -= 1;
    return kind;
  }
}
