import pTimeout from 'p-timeout';

const TIMEOUT_MS = 3_000;

/**
 * Waits at most 3 seconds for a broker operation while a consumer pauses or the process stops, and ignores its failure.
 * A broker that hangs, blocks publishers or has closed the connection must not prevent the process from
 * ending. The broker redelivers unacknowledged messages.
 */
export async function bestEffort(operation: Promise<unknown> | undefined): Promise<void> {
  if (operation) await pTimeout(operation, { milliseconds: TIMEOUT_MS }).catch(() => undefined);
}
