import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { WalPosition } from '@shop/prisma/wal-position';
import { retryLater } from '@shop/runtime/problem';
import type { Request, Response } from 'express';
import { readOrderBatch, type ListPosition, type OrderBatch } from '../orders/order-batches';
import type { ReadClient } from '../reads/read-client';
import { readToken } from './consistency-token';
import { toOrderJson } from './json';

const LIMITS = {
  /** Each list holds one batch of up to a few hundred kB while its client reads. */
  lists: 100,
  /** A client that reads nothing for this time is disconnected. */
  idleMs: 60_000,
  /** Batches that are kept for lists that are being read at the same time; each has about 70 kB. */
  sharedBatches: 16,
  /** While orders are being placed, all lists together use at most this share of the time. */
  shareOfTime: 1 / 3,
  /** For this time after an order was placed, a further one is expected. */
  giveWayMs: 1_000,
  /** What is left to a list when the service stops. Shorter than the limit for the stop in packages/runtime/lifecycle.ts. */
  stopMs: 5_000,
};

export interface OrderListOptions {
  reads: Pick<ReadClient, 'read'>;
  /** Aborted when the service begins to stop. */
  stopping?: AbortSignal;
  limits?: Partial<typeof LIMITS>;
}

/**
 * Sends the list of all orders, in memory that does not depend on their number. Each list reads one batch, waits until its
 * client has taken it, and reads the next one. Only one batch is read and rendered at a time, in the order of the requests:
 * placing an order never waits for more than one batch. Lists that were requested at the same time share their batches.
 */
export class OrderList {
  private readonly limits: typeof LIMITS;
  private open = 0;
  /** The batches that were read last, by their position. */
  private readonly shared = new Map<string, SharedBatch>();
  private turn: Promise<unknown> = Promise.resolve();
  private placedAt = -Infinity;

  constructor(private readonly options: OrderListOptions) {
    this.limits = { ...LIMITS, ...options.limits };
  }

  /** Slows all lists down for a short time, because an order is being placed. */
  giveWay(): void {
    this.placedAt = performance.now();
  }

  /**
   * Sends all orders as a JSON array. If it fails after the first batch, or if the client is too slow, it closes the
   * connection without the end of the array, so that the client does not take a part for the whole.
   *
   * @param customerId the customer whose orders the list contains; null for all orders
   * @throws {Problem} 503 if too many lists are being sent
   * @throws the error of the database, if the first batch cannot be read
   */
  async send(request: Request, response: Response, customerId: string | null): Promise<void> {
    const token = readToken(request);
    if (this.open >= this.limits.lists) throw retryLater('Too many lists of all orders are being sent.');
    this.open++;
    const endSupervision = this.endAtStop(response);
    const list: List = { token, customerId, beganAt: performance.now() };
    try {
      const first = await this.readBatch(null, list);
      response.type('json');
      if (request.method === 'HEAD') return void response.end();
      await this.sendFrom(first, list, response);
    } finally {
      this.open--;
      if (this.open === 0) this.shared.clear();
      endSupervision();
    }
  }

  private async sendFrom(first: Batch, list: List, response: Response): Promise<void> {
    response.once('timeout', () => {
      response.locals.log.warn({ idleMs: this.limits.idleMs }, 'list of all orders ended: its client reads nothing');
      response.destroy();
    });
    try {
      for (let batch = first; ;) {
        await this.write(response, batch.json);
        if (response.closed) return;
        if (batch.next === null) break;
        batch = await this.readBatch(batch.next, list);
      }
      response.end(']');
    } catch (error) {
      response.locals.log.error({ err: error }, 'list of all orders failed');
      response.destroy();
    }
  }

  /**
   * Reads and renders a batch when it is its turn, or returns one of another list. It shares only what was read after both
   * lists began, so that each list shows everything that was committed before its request.
   */
  private readBatch(position: ListPosition | null, { token, customerId, beganAt }: List): Promise<Batch> {
    const key = JSON.stringify([position, String(token), customerId]);
    const existing = this.shared.get(key);
    if (existing && existing.readAt >= beganAt) return existing.batch;

    const read = async (): Promise<Batch> => {
      shared.readAt = performance.now();
      const batch = await this.options.reads.read((source) => readOrderBatch(source, position, customerId), token);
      return render(position, batch);
    };
    const shared: SharedBatch = { readAt: Infinity, batch: this.turn.then(read) };
    this.turn = shared.batch.catch(() => this.shared.delete(key)).then(() => this.pause(shared.readAt));
    this.shared.delete(key); // so that the new entry is the last one
    this.shared.set(key, shared);
    for (const oldest of this.shared.keys()) {
      if (this.shared.size <= this.limits.sharedBatches) break;
      this.shared.delete(oldest);
    }
    return shared.batch;
  }

  /** Waits, while orders are being placed, so long that the batch that began at a time has used no more than its share. */
  private async pause(began: number): Promise<void> {
    const now = performance.now();
    const { shareOfTime, giveWayMs } = this.limits;
    if (now - this.placedAt <= giveWayMs) await delay((now - began) * (1 / shareOfTime - 1));
  }

  /** Waits until the client has taken the bytes, or has disconnected. */
  private async write(response: Response, bytes: Buffer): Promise<void> {
    if (response.closed || response.write(bytes)) return; // after `close`, no event would end the wait
    const settled = new AbortController();
    response.setTimeout(this.limits.idleMs); // starts again with each part that the client takes
    try {
      const { signal } = settled;
      await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
    } finally {
      settled.abort();
      response.setTimeout(0);
    }
  }

  /** Closes the connection if the list has not ended some time after the service began to stop. @returns ends the supervision */
  private endAtStop(response: Response): () => void {
    const { stopping } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const onStop = (): void => {
      timer = setTimeout(() => {
        response.locals.log.warn('list of all orders ended: the service stops');
        response.destroy();
      }, this.limits.stopMs);
    };
    if (stopping?.aborted) onStop();
    else stopping?.addEventListener('abort', onStop);
    return () => {
      clearTimeout(timer);
      stopping?.removeEventListener('abort', onStop);
    };
  }
}

interface List {
  token: WalPosition | null;
  customerId: string | null;
  /** As `performance.now()`. */
  beganAt: number;
}

interface Batch {
  /** The orders of the batch, after the beginning of the array or a comma. */
  json: Buffer;
  next: ListPosition | null;
}

interface SharedBatch {
  /** When the read began, as `performance.now()`; Infinity until then. */
  readAt: number;
  batch: Promise<Batch>;
}

function render(position: ListPosition | null, { orders, next }: OrderBatch): Batch {
  const separator = position === null ? '[' : orders.length > 0 ? ',' : '';
  const json = Buffer.from(separator + orders.map((order) => JSON.stringify(toOrderJson(order))).join(','));
  return { json, next };
}
