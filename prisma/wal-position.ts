/** A position in PostgreSQL's write-ahead log (WAL), as a number of bytes. */
export type WalPosition = bigint;

/** Parses a position in PostgreSQL's notation, such as `16/B374D848`. Returns null if the text is not a position. */
export function parseWalPosition(text: string): WalPosition | null {
  const [, high, low] = /^([\dA-F]{1,8})\/([\dA-F]{1,8})$/i.exec(text) ?? [];
  return high === undefined ? null : (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
