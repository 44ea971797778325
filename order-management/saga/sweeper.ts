import { setTimeout as delay } from 'node:timers/promises';
import type { OrdersClient } from '@shop/prisma/clients';
import { faultOf } from '@shop/runtime/fault';
import type { Logger } from '@shop/runtime/log';
import type { Temporal } from '@shop/runtime/temporal';
import pLimit from 'p-limit';
import { deleteExpiredRestocks } from '../catalog/restock-product';
import { deleteExpiredKeys } from '../orders/order-key';
import { isFinal } from '../orders/order-status';
import type { RefundInput } from '@shop/workflows/contract';
import { recordRefund } from '../orders/record-refund';
import { claimRefundsDue, deleteRefundDue, postponeRefundCheck, type RefundDue } from '../orders/refunds-due';
import { claimUnsettledOrders, countOriginalOrders, readOrderState, type Adoptable } from '../orders/unsettled-orders';
import type { AdoptionPolicy } from './adoption-policy';
import type { Sagas } from './sagas';

export interface SweeperOptions {
  database: OrdersClient;
  temporal: Pick<Temporal, 'isUp'>;
  sagas: Sagas;
  log: Logger;
  intervalMs: number;
  /** Time between two checks of one order, or of one refund, in milliseconds. */
  examineAgainMs: number;
  /** Decides which of the orders that the original left `placed` may be adopted. */
  adoption: Pick<AdoptionPolicy, 'check'>;
}

const BATCH = 100;
/** Maximum number of checks in flight. Low, because thousands may be due after an outage. */
const CONCURRENCY = 8;
/** Maximum number of batches of orders, and of refunds, per sweep. The limit keeps orders from delaying refunds. */
const BATCHES = 10;

/**
 * Finds orders that have been `placed` for too long and refunds that have not ended. Possible reasons are a crash before
 * the start of the saga, a termination, and the loss of Temporal's store. Every instance runs a sweeper; one of them
 * checks each order and each refund.
 */
export class Sweeper {
  readonly name = 'sweeper';
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private reported = '';

  constructor(private readonly options: SweeperOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Checks the orders and refunds that are due, at most a thousand of each. @returns how many it checked */
  async sweep(): Promise<number> {
    const { database, examineAgainMs } = this.options;
    const claim = { limit: BATCH, examineAgainMs };
    const adopt = await this.adoptable();
    const orders = await this.sweepAll(
      () => claimUnsettledOrders(database, { ...claim, adopt }),
      (orderId) => this.examineOrSkip({ orderId }, () => this.examine(orderId)),
    );
    const refunds = await this.sweepAll(
      () => claimRefundsDue(database, claim),
      (due) => this.examineOrSkip({ refund: due.refund }, () => this.examineRefund(due)),
    );
    return orders + refunds;
  }

  /** Returns which orders of the original may be adopted. Logs how many wait and why, whenever that changes. */
  private async adoptable(): Promise<Adoptable> {
    const { database, adoption, log } = this.options;
    const { held, released } = await countOriginalOrders(database);
    if (held + released === 0) return 'none';
    const { which, reason } = await adoption.check();
    const report = `${held} ${released} ${reason}`;
    const someWait = which === 'none' || (which === 'released' && held > 0);
    if (someWait && report !== this.reported) {
      log.warn({ held, released, reason }, 'orders of the original wait for their adoption: see docs/migration.md');
    }
    this.reported = report;
    return which;
  }

  private async sweepAll<T>(claim: () => Promise<T[]>, examine: (item: T) => Promise<void>): Promise<number> {
    let examined = 0;
    for (let batch = 0; batch < BATCHES && !this.stopping.signal.aborted; batch++) {
      const claimed = await claim();
      await this.examineAll(claimed, examine);
      examined += claimed.length;
      if (claimed.length < BATCH) break;
    }
    return examined;
  }

  private async run(): Promise<void> {
    const { database, temporal, log, intervalMs } = this.options;
    while (!this.stopping.signal.aborted) {
      try {
        if (temporal.isUp) await this.sweep(); // a claim without Temporal would only postpone the check
        await deleteExpiredKeys(database);
        await deleteExpiredRestocks(database);
      } catch (error) {
        log[faultOf(error) === 'unavailable' ? 'warn' : 'error']({ err: error }, 'sweep failed');
      }
      await delay(intervalMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** @throws the first failure. A later sweep makes the checks that have not begun. */
  private async examineAll<T>(items: T[], examine: (item: T) => Promise<void>): Promise<void> {
    const limit = pLimit(CONCURRENCY);
    const failures: unknown[] = [];
    const examineOne = async (item: T): Promise<void> => {
      if (failures.length === 0) await examine(item).catch((error: unknown) => failures.push(error));
    };
    await Promise.all(items.map((item) => limit(examineOne, item)));
    if (failures.length > 0) throw failures[0];
  }

  /** Logs an item that cannot be checked, and continues with the next. An outage ends the sweep. */
  private async examineOrSkip(
    what: { orderId: string } | { refund: RefundInput },
    examine: () => Promise<void>,
  ): Promise<void> {
    try {
      await examine();
    } catch (error) {
      if (faultOf(error) === 'unavailable') throw error;
      this.options.log.error({ ...what, err: error }, `${'refund' in what ? 'refund' : 'order'} cannot be checked`);
    }
  }

  private async examine(orderId: string): Promise<void> {
    const { database, sagas, log } = this.options;
    const order = await readOrderState(database, orderId);
    if (!order || isFinal(order.orderStatus)) return;
    // An operator has recorded the payment of an order of the original, whose answer was lost.
    const answers = order.paymentId === null ? [] : [{ paymentId: order.paymentId, success: true, reason: '' }];
    if (await sagas.resume(order, answers)) log.info({ orderId }, 'saga resumed by the sweeper');
    else if (order.cancelRequested) await sagas.signalCancel(orderId);
  }

  private async examineRefund({ refund: due, notedAt }: RefundDue): Promise<void> {
    const { database, sagas, log } = this.options;
    const refund = await sagas.stateOfRefund(due, due.reason === undefined ? null : notedAt);
    if (refund === 'RUNNING') return postponeRefundCheck(database, due);
    if (refund === 'FAILED') {
      // It fails only if another client of Temporal has started it with an invalid input.
      await sagas.refundAgain(due);
      return log.warn({ orderId: due.orderId, paymentId: due.paymentId }, 'failed refund started again by the sweeper');
    }
    // A payment service of version 1.0.0 completes a refund without recording it with the order.
    if (refund === 'COMPLETED') return recordRefund(database, due, due.paymentId ?? null);
    if (refund === 'ENDED EARLY') return deleteRefundDue(database, due); // by an operator
    if (due.paymentId === undefined) {
      const saga = await sagas.stateOfSaga(due.orderId);
      if (saga === 'RUNNING') return postponeRefundCheck(database, due);
      if (saga === 'COMPLETED') return deleteRefundDue(database, due); // it recorded each refund that it found due
    }
    await sagas.refund(due);
    log.warn({ orderId: due.orderId, paymentId: due.paymentId }, 'refund started by the sweeper');
  }
}
