import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { literal } from '@shop/prisma/sql';
import type { Part } from '@shop/runtime/lifecycle';
import type { Logger } from '@shop/runtime/log';
import type { ReadClient } from '../reads/read-client';
import { OrderStatus } from './order-status';

/** Too many requests wait for orders. The client must retry later. */
export class TooManyWaitsError extends Error {
  override name = 'TooManyWaitsError';
}

export interface SettlementWaitsOptions {
  reads: Pick<ReadClient, 'read'>;
  log: Logger;
  maxWaits?: number;
  pollIntervalMs?: number;
}

const MAX_WAITS = 1_000;
const POLL_INTERVAL_MS = 100;
const PAUSE_AFTER_FAILURE_MS = 1_000;

/**
 * Waits until orders are settled, by whichever instance. While requests wait, one statement at a time reads the status
 * of all their orders, so that a waiting request holds no connection.
 */
export class SettlementWaits implements Part {
  readonly name = 'settlement waits';
  private readonly waiting = new Map<string, Set<() => void>>();
  private readonly stopping = new AbortController();
  private polling: Promise<void> | null = null;
  /** How many requests wait. */
  count = 0;

  constructor(private readonly options: SettlementWaitsOptions) {}

  /**
   * Waits until an order is settled, the time is over, the client disconnects, or the service stops.
   *
   * @returns whether the order is settled
   * @throws {TooManyWaitsError} if too many requests wait
   */
  async wait(orderId: string, ms: number, response: Pick<ServerResponse, 'closed' | 'once' | 'off'>): Promise<boolean> {
    const { maxWaits = MAX_WAITS } = this.options;
    if (this.count >= maxWaits)
      throw new TooManyWaitsError(`${maxWaits} requests wait for orders, which is the limit.`);
    const settled = new AbortController();
    const settle = (): void => settled.abort();
    const waiting = this.waiting.get(orderId) ?? new Set();
    this.waiting.set(orderId, waiting.add(settle));
    this.count++;
    this.polling ??= this.poll();
    const disconnected = new AbortController();
    const disconnect = (): void => disconnected.abort();
    response.once('close', disconnect);
    if (response.closed) disconnect(); // the client left while its order was read: `close` is not emitted again
    try {
      const ended = AbortSignal.any([settled.signal, disconnected.signal, this.stopping.signal]);
      await delay(ms, undefined, { signal: ended }).catch(() => undefined);
      return settled.signal.aborted;
    } finally {
      response.off('close', disconnect);
      this.count--;
      waiting.delete(settle);
      if (waiting.size === 0) this.waiting.delete(orderId);
    }
  }

  /** Ends all waits, so that their requests are answered with the current state. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.polling;
  }

  private async poll(): Promise<void> {
    while (this.waiting.size > 0 && !this.stopping.signal.aborted) {
      let pauseMs = this.options.pollIntervalMs ?? POLL_INTERVAL_MS;
      try {
        for (const orderId of await this.readSettled([...this.waiting.keys()])) {
          for (const settle of this.waiting.get(orderId) ?? []) settle();
        }
      } catch (error) {
        this.options.log.warn({ err: error }, 'orders that requests wait for are not read; will be retried');
        pauseMs = PAUSE_AFTER_FAILURE_MS;
      }
      await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
    this.polling = null; // here and not later, so that the next wait starts a new poll
  }

  private async readSettled(orderIds: string[]): Promise<string[]> {
    const rows = await this.options.reads.read(
      (source) => source.$queryRaw<{ order_id: string }[]>`
        SELECT order_id FROM orders
        WHERE order_id = ANY (${orderIds}::uuid[]) AND order_status <> ${literal(OrderStatus.placed)}`,
    );
    return rows.map((row) => row.order_id);
  }
}
