import type { Message } from 'amqplib';
import pTimeout from 'p-timeout';
import { faultOf, type Fault } from '@shop/runtime/fault';
import { BrokerUnavailableError } from './broker';
import { failuresOf, type Failures } from './republish';

/** What follows from the failure of a message. */
export type FailureOutcome =
  /** A dependency is unavailable: no message can be handled. */
  | { outcome: 'outage'; error: unknown }
  /** Other messages may succeed, unless `nothingPasses`. */
  | { outcome: 'retry'; error: unknown; failures: Failures; isLoud: boolean; nothingPasses: boolean }
  | { outcome: 'exhausted'; reason: string };

export interface FailurePolicyOptions {
  /** Classifies an error of the handler. */
  faultOf?: (error: unknown) => Fault;
  /** Resolves if all dependencies are available. */
  probe: () => Promise<void>;
  /** Maximum number of tries of a message that fails although all dependencies are available; 12 by default. */
  maxTries?: number | undefined;
}

const LIMITS = {
  // With 5 seconds between tries this is a minute: longer than a server needs to restart or to switch over, whose first
  // error may be an unknown one.
  tries: 12,
  probeMs: 10_000, // longer than the time limits of the connections that a probe uses
  // A full prefetch of messages that fail one after the other, and none that succeeds: retrying them all every 5 seconds
  // would keep every core busy. A pause of a second between two failures ends such a series.
  failuresInSeries: 100,
  seriesPauseMs: 1_000,
};

/**
 * Decides what follows from the failure of a message. Only a message that is provably at fault itself is parked: either
 * its data cause the error, or it keeps failing while all dependencies are available and other messages are handled
 * between its tries. The table is in docs/faults.md.
 */
export class FailurePolicy {
  private readonly maxTries: number;
  private handledAtMs = -Infinity;
  private failedAtMs = -Infinity;
  private failuresInSeries = 0;
  private probing: Promise<void> | null = null;

  constructor(private readonly options: FailurePolicyOptions) {
    this.maxTries = options.maxTries ?? LIMITS.tries;
  }

  /** Records that a message was handled: whatever fails now does not affect every message. */
  recordHandled(): void {
    this.handledAtMs = Date.now();
    this.failuresInSeries = 0;
  }

  /** Resolves if all dependencies are available. Concurrent calls share one probe. */
  async probe(): Promise<void> {
    this.probing ??= pTimeout(this.options.probe(), { milliseconds: LIMITS.probeMs }).finally(
      () => (this.probing = null),
    );
    await this.probing;
  }

  /** Decides what follows from an error of the handler. Never throws. */
  async judge(message: Pick<Message, 'properties'>, error: unknown): Promise<FailureOutcome> {
    if (error instanceof BrokerUnavailableError) return { outcome: 'outage', error };
    const fault = (this.options.faultOf ?? faultOf)(error);
    if (fault !== 'input' && !(await this.isAvailable())) return { outcome: 'outage', error };

    const { tries: earlier, firstSeen, lastFailed } = failuresOf(message);
    // If all dependencies are available, `unavailable` means a locked row or the like. It is no fault of the message. Any
    // other error counts against this message only as far as others pass: while all fail, its tries prove nothing.
    const othersPass = earlier === 0 || this.handledAtMs > lastFailed.getTime();
    const counts = fault === 'input' || (fault !== 'unavailable' && othersPass);
    const tries = counts ? earlier + 1 : earlier;
    if (counts && tries >= this.maxTries) {
      return { outcome: 'exhausted', reason: `failed ${tries} times: ${String(error)}` };
    }
    return {
      outcome: 'retry',
      error,
      failures: { tries, firstSeen, lastFailed: new Date() },
      isLoud: fault === 'bug' || (fault === 'unknown' && !counts),
      nothingPasses: this.extendSeries(),
    };
  }

  private async isAvailable(): Promise<boolean> {
    return this.probe().then(
      () => true,
      () => false,
    );
  }

  /** Counts a failure. @returns whether so many failed in series that probably every message fails */
  private extendSeries(): boolean {
    const now = Date.now();
    this.failuresInSeries = now - this.failedAtMs > LIMITS.seriesPauseMs ? 1 : this.failuresInSeries + 1;
    this.failedAtMs = now;
    return this.failuresInSeries >= LIMITS.failuresInSeries;
  }
}
