import { Prisma } from './generated/orders/client';

/**
 * Writes a constant into the text of a query, instead of passing it as a parameter. The planner can then use a partial
 * index such as `… WHERE order_status = 'placed'` for a prepared statement, whose plan it reuses for all parameters.
 */
export const literal = (text: string): Prisma.Sql => Prisma.raw(`'${text.replaceAll("'", "''")}'`);
