import pLimit from 'p-limit';
import type { Settlements } from '../../orders/settlements';
import { FAST_PATH } from './options';
import type { Rush } from './rush';
import { SuccessRate } from './success-rate';

export interface StartLimitOptions {
  settlements: Pick<Settlements, 'next'>;
  rush: Pick<Rush, 'isOn'>;
  /** Whether a saga counts until it has settled its order: `PAYMENT_FAST_PATH`. Otherwise it counts until it is started. */
  enabled: boolean;
}

/** Limits how many sagas are in flight in this process: those being started, and those that are about to settle. */
export class StartLimit {
  private readonly limit = pLimit(FAST_PATH.sagasInFlight);
  private readonly settled = new SuccessRate(FAST_PATH.leastSettled);

  constructor(private readonly options: StartLimitOptions) {}

  /** Starts a saga when its turn comes. @param start returns whether it started one */
  run(orderId: string, start: () => Promise<boolean>): Promise<void> {
    this.adjust();
    return this.limit(() => this.startAndSettle(orderId, start).finally(() => this.adjust()));
  }

  private adjust(): void {
    this.limit.concurrency = this.options.rush.isOn ? FAST_PATH.sagasInRush : FAST_PATH.sagasInFlight;
  }

  private async startAndSettle(orderId: string, start: () => Promise<boolean>): Promise<void> {
    const { enabled, settlements } = this.options;
    const settled =
      enabled && this.settled.isWorthWaiting() ? settlements.next(orderId, FAST_PATH.settledWithinMs) : null;
    const started = await start();
    if (started && settled) this.settled.record((await settled) !== null);
  }
}
