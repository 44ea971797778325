import { setTimeout as delay } from 'node:timers/promises';
import type { OrdersClient } from '@shop/prisma/clients';
import { isDatabaseDown } from '@shop/prisma/errors';
import type { Logger } from '@shop/service/log';
import { TemporalDown, type Temporal } from '@shop/service/temporal';
import { forgetExpiredKeys } from '../orders/order-key';
import { claimUnsettledOrders, readOrderState } from '../orders/unsettled-orders';
import type { Sagas } from './sagas';

export interface SweeperOptions {
  database: OrdersClient;
  temporal: Pick<Temporal, 'isUp'>;
  sagas: Sagas;
  log: Logger;
  intervalMs: number;
  /** The pause between two looks at one order. */
  examineAgainMs: number;
}

const BATCH = 100;

/**
 * Finds orders that are `placed` for longer than they should be, whatever the reason: a crash before the saga's start,
 * a saga that was terminated, Temporal's store lost. Runs on every instance; each order is looked at by one of them.
 */
export class Sweeper {
  readonly name = 'sweeper';
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;

  constructor(private readonly options: SweeperOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Looks at all orders that are due. @returns how many there were */
  async sweep(): Promise<number> {
    const { database, examineAgainMs } = this.options;
    let examined = 0;
    while (!this.stopping.signal.aborted) {
      const orderIds = await claimUnsettledOrders(database, { limit: BATCH, examineAgainMs });
      for (const orderId of orderIds) await this.examineUnlessBroken(orderId);
      examined += orderIds.length;
      if (orderIds.length < BATCH) break;
    }
    return examined;
  }

  private async run(): Promise<void> {
    const { database, temporal, log, intervalMs } = this.options;
    while (!this.stopping.signal.aborted) {
      try {
        if (temporal.isUp) await this.sweep(); // else what is claimed would only have to wait longer
        await forgetExpiredKeys(database);
      } catch (error) {
        log.warn({ err: error }, 'sweep failed');
      }
      await delay(intervalMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** One order that cannot be examined does not hold up those behind it; an outage does. */
  private async examineUnlessBroken(orderId: string): Promise<void> {
    try {
      await this.examine(orderId);
    } catch (error) {
      if (error instanceof TemporalDown || isDatabaseDown(error)) throw error;
      this.options.log.error({ orderId, err: error }, 'order cannot be examined');
    }
  }

  private async examine(orderId: string): Promise<void> {
    const { database, sagas, log } = this.options;
    const order = await readOrderState(database, orderId);
    if (order?.orderStatus !== 'placed') return;
    if (await sagas.resume(order)) log.info({ orderId }, 'saga resumed by the sweeper');
    else if (order.cancelRequested) await sagas.tellCancel(orderId);
  }
}
