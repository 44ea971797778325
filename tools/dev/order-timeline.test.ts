import { expect, test } from '@jest/globals';
import type { OrderRecord, OrderRow, PaymentRow } from './order-record';
import { describeOrder } from './order-timeline';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 12, 0, second));
const entry = (second: number, step: string, outcome: string) => ({ time: at(second).toISOString(), step, outcome });

const anOrderRow = (more: Partial<OrderRow> = {}): OrderRow => ({
  orderId: 'order-id',
  customerId: 'customer-id',
  orderStatus: 'placed',
  paymentStatus: 'pending',
  orderDate: at(0),
  cancelRequestedAt: null,
  settledAt: null,
  deletedAt: null,
  paymentId: null,
  cancellationCode: null,
  cancellationReason: null,
  amount: '90.00',
  products: ['2 × Mug at $45.00'],
  ...more,
});
const aPayment = (more: Partial<PaymentRow> = {}): PaymentRow => ({
  paymentId: 'payment-id',
  amount: '90.00',
  status: 'success',
  reason: '',
  paidAt: at(2),
  refundedAt: null,
  ...more,
});
const aRecord = ({
  order,
  ...more
}: Partial<Omit<OrderRecord, 'order'>> & { order?: Partial<OrderRow> }): OrderRecord => ({
  order: anOrderRow(order),
  requested: [],
  payment: null,
  refundsDue: [],
  saga: null,
  refunds: [],
  gaps: [],
  ...more,
});
const cancelled = {
  orderStatus: 'cancelled',
  paymentStatus: 'cancelled',
  cancelRequestedAt: at(1),
  settledAt: at(3),
  cancellationCode: 'customer-cancelled',
  cancellationReason: 'The customer cancelled the order.',
};

test('describes a shipped order with the steps of its saga and its payment', () => {
  const timeline = [
    entry(1, 'Saga started', 'order accepted'),
    entry(3, 'Order shipped', 'paid by payment payment-id'),
  ];

  const lines = describeOrder(
    aRecord({
      order: { orderStatus: 'shipped', paymentStatus: 'success', settledAt: at(3), paymentId: 'payment-id' },
      payment: aPayment(),
      saga: {
        stage: 'settled',
        settlement: null,
        answers: [{ paymentId: 'payment-id', success: true, reason: '' }],
        timeline,
      },
    }),
  );

  expect(lines).toEqual([
    'Order     order-id',
    'Products  2 × Mug at $45.00',
    'Amount    $90.00',
    'Outcome   shipped',
    'Payment   payment-id, $90.00, success',
    '  2026-01-01T12:00:00.000Z  Order accepted',
    '  2026-01-01T12:00:01.000Z  Saga started: order accepted',
    '  2026-01-01T12:00:03.000Z  Order shipped: paid by payment payment-id',
  ]);
});

test('describes why an order was declined', () => {
  const reason = 'total amount over $1000';

  const lines = describeOrder(
    aRecord({
      order: {
        orderStatus: 'cancelled',
        paymentStatus: 'failed',
        paymentId: 'payment-id',
        cancellationCode: 'payment-declined',
        cancellationReason: reason,
      },
      payment: aPayment({ status: 'failed', reason }),
    }),
  );

  expect(lines).toContain('Why       payment-declined: total amount over $1000');
  expect(lines).toContain('Payment   payment-id, $90.00, failed: total amount over $1000');
  expect(lines).toContain('  2026-01-01T12:00:02.000Z  Payment stored by payment-processing: declined');
});

test('describes a cancelled order from the database alone if it has no saga, and says so', () => {
  const gap = 'Temporal has no saga of this order. The steps below are from the database alone.';

  const lines = describeOrder(aRecord({ order: cancelled, payment: aPayment({ status: 'void' }), gaps: [gap] }));

  expect(lines.slice(3)).toEqual([
    'Outcome   cancelled',
    'Why       customer-cancelled: The customer cancelled the order.',
    'Payment   none: the order was cancelled before it was charged',
    gap,
    '  2026-01-01T12:00:00.000Z  Order accepted',
    '  2026-01-01T12:00:01.000Z  Cancel requested',
    '  2026-01-01T12:00:02.000Z  Payment stored by payment-processing: void',
    '  2026-01-01T12:00:03.000Z  Order cancelled: The customer cancelled the order.',
  ]);
});

test('describes who requested a step, if that is recorded', () => {
  const actor = 'api-key:1a2b3c4d';
  const operator = 'operator:ann@host';
  const requested = [
    { step: 'accepted', time: at(0), reason: null, actor },
    { step: 'cancel-requested', time: at(1), reason: null, actor },
    { step: 'message-retried', time: at(2), reason: 'PaymentStat 0123456789', actor: operator },
    { step: 'deleted', time: at(4), reason: null, actor },
  ];

  const lines = describeOrder(aRecord({ order: { ...cancelled, deletedAt: at(4) }, requested }));

  expect(lines.slice(-5)).toEqual([
    `  2026-01-01T12:00:00.000Z  Order accepted, by ${actor}`,
    `  2026-01-01T12:00:01.000Z  Cancel requested, by ${actor}`,
    `  2026-01-01T12:00:02.000Z  Parked message returned to its queue, by ${operator}: PaymentStat 0123456789`,
    '  2026-01-01T12:00:03.000Z  Order cancelled: The customer cancelled the order.',
    `  2026-01-01T12:00:04.000Z  Order deleted, by ${actor}`,
  ]);
});

test('describes what a waiting order waits for', () => {
  const saga = { stage: 'awaiting payment' as const, settlement: null, answers: [], timeline: [] };

  expect(describeOrder(aRecord({ saga }))).toContain('Outcome   placed: awaiting payment');
  expect(describeOrder(aRecord({}))).toContain('Outcome   placed: not settled yet');
});

test('describes the refunds of an order, ended and due', () => {
  const lines = describeOrder(
    aRecord({
      order: cancelled,
      payment: aPayment({ status: 'refunded', refundedAt: at(5) }),
      refundsDue: [{ paymentId: 'other-payment', since: at(6) }],
      refunds: [
        { workflowId: 'refund-payment-id', status: 'COMPLETED', startedAt: at(4), closedAt: at(5) },
        { workflowId: 'refund-other-payment', status: 'RUNNING', startedAt: at(6), closedAt: null },
      ],
    }),
  );

  expect(lines.filter((line) => line.startsWith('Refund'))).toEqual([
    'Refund    of payment other-payment: due since 2026-01-01T12:00:06.000Z',
    'Refund    of payment payment-id: $90.00 refunded at 2026-01-01T12:00:05.000Z',
    'Refund    workflow refund-payment-id: completed',
    'Refund    workflow refund-other-payment: running',
  ]);
  expect(lines).toContain('  2026-01-01T12:00:05.000Z  Payment refunded');
  expect(lines).toContain('  2026-01-01T12:00:05.000Z  Workflow refund-payment-id completed');
});
