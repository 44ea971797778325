/** A position in PostgreSQL's write-ahead log: what was committed before it has been written up to here. */
export type WalPosition = bigint;

/** Reads a position as PostgreSQL writes it, such as `16/B374D848`; null where it is none. */
export function parseWalPosition(text: string): WalPosition | null {
  const [, high, low] = /^([\dA-F]{1,8})\/([\dA-F]{1,8})$/i.exec(text) ?? [];
  return high === undefined ? null : (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
