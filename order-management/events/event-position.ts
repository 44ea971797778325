/**
 * A position in the sequence of all order events: after every event up to this one. Positions are equal on the primary and
 * its secondaries. Event id 0 stands for the start of a transaction.
 */
export interface EventPosition {
  transactionId: bigint;
  eventId: bigint;
}

/** Before all events. */
export const BEGINNING: EventPosition = { transactionId: 0n, eventId: 0n };

const MAX_BIGINT = 2n ** 63n - 1n;

/** Formats a position as clients see it, for example `7512-42`. */
export const formatPosition = ({ transactionId, eventId }: EventPosition): string => `${transactionId}-${eventId}`;

/** Parses the position that a client has received. Returns null if the text is not a position. */
export function parsePosition(text: string): EventPosition | null {
  const [, transaction, event] = /^(\d{1,19})-(\d{1,19})$/.exec(text) ?? [];
  if (transaction === undefined || event === undefined) return null;
  const position = { transactionId: BigInt(transaction), eventId: BigInt(event) };
  return position.transactionId > MAX_BIGINT || position.eventId > MAX_BIGINT ? null : position;
}

/** Returns whether a position comes after another. */
export const isAfter = (position: EventPosition, other: EventPosition): boolean =>
  position.transactionId === other.transactionId
    ? position.eventId > other.eventId
    : position.transactionId > other.transactionId;
