import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { PlaceOrderInput, SagaStatus, Settlement, TimelineEntry } from './contract';
import type { PaymentInbox } from './payment-inbox';
import { CANCELLATION_CODE, ORDER_STATUS } from './search-attributes';

const MAX_ENTRIES = 100;

/**
 * Records what happens to an order, for people: as the workflow's current details (Markdown, shown by the Web UI), in the
 * query `status`, and as search attributes once the order is settled.
 */
export class Timeline {
  private readonly entries: TimelineEntry[] = [];
  private settlement: Settlement | null = null;

  constructor(private readonly order: PlaceOrderInput) {
    this.add('Saga started', order.resumed ? 'for an order that an earlier saga may have worked on' : 'order accepted');
  }

  /** Adds an entry. Beyond `MAX_ENTRIES` the second oldest entry is dropped, because a saga may retry for days. */
  add(step: string, outcome: string): void {
    this.entries.push({ time: new Date().toISOString(), step, outcome });
    if (this.entries.length > MAX_ENTRIES) this.entries.splice(1, 1);
    setCurrentDetails(this.markdown());
  }

  /** Records how the order ended. */
  settle(settlement: Settlement): void {
    this.settlement = settlement;
    const { orderStatus, paymentId, cancellation } = settlement;
    this.add(
      `Order ${orderStatus}`,
      cancellation ? `${cancellation.code}: ${cancellation.reason}` : `paid by payment ${paymentId}`,
    );
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
    const { customerId, totalAmount } = this.order;
    const rows = this.entries.map(({ time, step, outcome }) => `| ${time} | ${step} | ${cell(outcome)} |`);
    return [
      `Order of $${totalAmount} by customer ${customerId}.`,
      '',
      '| time (UTC) | step | outcome |',
      '| --- | --- | --- |',
      ...rows,
    ].join('\n');
  }
}

/** Escapes text that another service may have written, so that it stays in its table cell. */
const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll(/\s+/g, ' ');
