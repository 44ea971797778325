import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { PlaceOrderInput, SagaStatus, Settlement, TimelineEntry } from './contract';
import type { PaymentInbox } from './payment-inbox';
import { plainText } from './plain-text';
import { CANCELLATION_CODE, ORDER_STATUS } from './search-attributes';
import { OrderStatus } from './statuses';

const MAX_ENTRIES = 100;
const DATE_LENGTH = '2026-01-31'.length;

/**
 * Records what happens to an order, for people: as the workflow's current details (Markdown, shown by the Web UI), in the
 * query `status`, and as search attributes once the order is settled.
 */
export class Timeline {
  private readonly entries: TimelineEntry[] = [];
  private settlement: Settlement | null = null;
  private failure: { entry: TimelineEntry; count: number } | null = null;

  /** The amount to pay in dollars. An adopted order gets it from its row. */
  totalAmount: string;

  constructor(private readonly order: PlaceOrderInput) {
    this.totalAmount = order.totalAmount;
    this.add('Saga started', order.resumed ? 'for an order that an earlier saga may have worked on' : 'order accepted');
  }

  /** Adds an entry. Beyond `MAX_ENTRIES` the second oldest entry is dropped, because a saga may retry for days. */
  add(step: string, outcome: string): void {
    this.entries.push({ time: new Date().toISOString(), step, outcome });
    if (this.entries.length > MAX_ENTRIES) this.entries.splice(1, 1);
    setCurrentDetails(this.markdown());
  }

  /** Adds the failure of a step that will be retried. It replaces the previous failure of the step. */
  addFailure(step: string, cause: string | undefined): void {
    const last = this.entries.at(-1);
    const isRepeated = last !== undefined && last === this.failure?.entry && last.step === step;
    const count = isRepeated ? this.failure!.count + 1 : 1;
    if (isRepeated) this.entries.pop();
    this.add(step, `failed ${count} times and will be retried: ${plainText(cause ?? '', 200)}`);
    this.failure = { entry: this.entries.at(-1)!, count };
  }

  /** Records how the order ended. */
  recordSettlement(settlement: Settlement): void {
    this.settlement = settlement;
    const { orderStatus, paymentId, cancellation } = settlement;
    const paid = `paid by payment ${paymentId ?? 'of unknown id'}`; // the original stored no payment ids
    const reason = cancellation ? `${cancellation.code}: ${cancellation.reason}` : 'for an unknown reason';
    this.add(`Order ${orderStatus}`, orderStatus === OrderStatus.shipped ? paid : reason);
    upsertSearchAttributes([
      { key: ORDER_STATUS, value: orderStatus },
      ...(cancellation ? [{ key: CANCELLATION_CODE, value: cancellation.code }] : []),
    ]);
  }

  /** Returns what the query `status` reports. */
  status({ outcome, answers }: PaymentInbox): SagaStatus {
    const { settlement, entries } = this;
    return {
      stage: settlement ? 'settled' : outcome ? 'settling' : 'awaiting payment',
      settlement,
      answers,
      timeline: entries,
    };
  }

  private markdown(): string {
    // The Web UI's box is narrow: the date is in the first line, and is repeated only if it differs.
    const date = this.entries[0]!.time.slice(0, DATE_LENGTH);
    const rows = this.entries.map(({ time, step, outcome }) => {
      const shown = time.startsWith(date) ? time.slice(DATE_LENGTH + 1, -1) : time;
      return `| ${shown} | ${escape(step)} | ${escape(outcome)} |`;
    });
    return [
      `Order of $${this.totalAmount} by customer ${escape(this.order.customerId)}, ${date}.`,
      '',
      '| time (UTC) | step | outcome |',
      '| --- | --- | --- |',
      ...rows,
    ].join('\n');
  }
}

/** Escapes the characters of Markdown, because another service may have written the text. */
const escape = (text: string): string => plainText(text).replaceAll(/[\\|`*_[\]<>!#~&]/g, String.raw`\$&`);
