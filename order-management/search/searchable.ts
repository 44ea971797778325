import type { Sql } from '@shop/prisma/sql';
import type { FieldType } from './field-type';

/** A field that a filter can name. */
export interface Field {
  type: FieldType;
  /** Its column, qualified; a text with `COLLATE "C"`. */
  column: Sql;
  /** Whether the column can be null. */
  nullable: boolean;
  /** For a field of which a row can have several values: the subquery of those that satisfy a condition. */
  among?: (condition: Sql) => Sql;
  /** For a column of another table: where its rows are, and the field whose values are their ids. */
  reference?: { from: Sql; id: Sql; field: string };
}

/** A column to sort by. */
export interface ColumnSort {
  type: FieldType;
  column: Sql;
  nullable: boolean;
}

/** A sort by the smallest of several values, or by the largest if descending. */
export interface AggregateSort {
  type: FieldType;
  /** The value of a row, null if the row has none. */
  value: (descending: boolean) => Sql;
  /** Reads the rows that have a value in the sequence of their values, so that an index can provide it. */
  walk: (descending: boolean) => Walk;
  /** The condition that a row has no value. */
  missing: Sql;
}

/** Another source of the rows, which an index provides in the sequence of a value. */
export interface Walk {
  /** A table whose rows have the values. For each of them, only as many rows are read as the page needs. */
  groups?: Sql;
  from: Sql;
  where: Sql;
  value: Sql;
  id: Sql;
}

export type SortField = ColumnSort | AggregateSort;

/** A table that can be searched. */
export interface Searchable {
  from: Sql;
  /** The condition that every result satisfies. */
  where: Sql;
  fields: Readonly<Record<string, Field>>;
  sorts: Readonly<Record<string, SortField>>;
  /** The field that makes each sort unique. It is also one of `fields` and `sorts`, and never null. */
  id: string;
  /** The sort of a search without `sort=`. */
  defaultSort: string;
}

export const isAggregate = (sort: SortField): sort is AggregateSort => 'walk' in sort;
