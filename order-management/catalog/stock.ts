/** The largest stock of a product: PostgreSQL's largest integer. */
export const MAX_STOCK = 2 ** 31 - 1;
