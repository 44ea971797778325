import type { ServerResponse } from 'node:http';

/**
 * Bounds the memory of responses that are complete but not yet read by their clients. If there are too many bytes, it gives
 * up the oldest response: its client has had the most time to read.
 */
export class UnsentBytes {
  private readonly sizes = new Map<ServerResponse, number>();
  private total = 0;

  /** @param giveUp closes the connection of a response */
  constructor(
    private readonly limit: number,
    private readonly giveUp: (response: ServerResponse) => void,
  ) {}

  /** Adds a response that has just been completed. It counts with its whole size until the last byte is sent. */
  add(response: ServerResponse): void {
    const size = response.writableLength;
    this.sizes.set(response, size);
    this.total += size;
    response.once('close', () => this.remove(response));
    for (const oldest of this.sizes.keys()) {
      if (this.total <= this.limit || oldest === response) break;
      this.remove(oldest);
      this.giveUp(oldest);
    }
  }

  private remove(response: ServerResponse): void {
    this.total -= this.sizes.get(response) ?? 0;
    this.sizes.delete(response);
  }
}
