import { Prisma } from './generated/orders/client';

/** A part of a statement, with its parameters. */
export type Sql = Prisma.Sql;

/** Makes a part of a statement from a template; its values become parameters, its parts are inserted. */
export const sql = Prisma.sql;

/** Joins parts of a statement. */
export const joinSql = (parts: readonly Sql[], separator: string): Sql => Prisma.join([...parts], separator);

/**
 * Writes a constant into the text of a query, instead of passing it as a parameter. The planner can then use a partial
 * index such as `… WHERE order_status = 'placed'` for a prepared statement, whose plan it reuses for all parameters.
 */
export const literal = (text: string): Prisma.Sql => Prisma.raw(`'${text.replaceAll("'", "''")}'`);

/**
 * Begins a statement whose text depends on the request. It gets no name: PostgreSQL would keep every distinct text for as
 * long as the connection lives. PostgreSQL plans it for its parameters, each time anew.
 */
export const UNNAMED = '/* unnamed */';

/** `UNNAMED` as a part of a statement. */
export const unnamed: Sql = Prisma.raw(UNNAMED);
