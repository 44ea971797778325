import { expect, test } from '@jest/globals';
import type { Settlement } from './contract';
import { refundNeeded, type PaymentKnowledge } from './refund-needed';

const SHIPPED = { orderStatus: 'shipped', paymentStatus: 'success' } as const;
const DECLINED = { orderStatus: 'cancelled', paymentStatus: 'failed' } as const;
const UNPAID = { orderStatus: 'cancelled', paymentStatus: 'cancelled' } as const;

type Row = [string, Pick<Settlement, 'orderStatus' | 'paymentStatus'>, Partial<PaymentKnowledge>, boolean];

const rows: Row[] = [
  ['is not needed for a shipped order', SHIPPED, {}, false],
  ['is not needed for a shipped order on the activity channel', SHIPPED, { channel: 'activity' }, false],
  ['is not needed for a declined order', DECLINED, {}, false],
  ['is not needed for a declined order on the activity channel', DECLINED, { channel: 'activity' }, false],
  ['is needed for an unpaid order on the activity channel', UNPAID, { channel: 'activity' }, true],
  ['is needed on the activity channel even after an answer', UNPAID, { channel: 'activity', answers: 1 }, true],
  [
    'is not needed on the activity channel if a payment is known',
    UNPAID,
    { channel: 'activity', answers: 1, paid: true },
    false,
  ],
  ['is needed if no request was confirmed', UNPAID, {}, true],
  ['is not needed if a payment is known', UNPAID, { answers: 1, paid: true }, false],
  ['is not needed for a resumed order if a payment is known', UNPAID, { resumed: true, answers: 1, paid: true }, false],
  ['is needed if no request was confirmed, even after an answer', UNPAID, { answers: 1 }, true],
  ['is not needed if a request was confirmed', UNPAID, { confirmed: true }, false],
  ['is needed for a resumed order without answers', UNPAID, { resumed: true }, true],
  [
    'is needed for a resumed order without answers, even if a request was confirmed',
    UNPAID,
    { resumed: true, confirmed: true },
    true,
  ],
  ['is not needed for a resumed order with an answer', UNPAID, { resumed: true, answers: 1 }, false],
];

test.each(rows)('a refund %s', (_, settlement, known, needed) => {
  const knowledge = { channel: 'events', confirmed: false, resumed: false, answers: 0, paid: false, ...known } as const;
  expect(refundNeeded({ settlement, ...knowledge })).toBe(needed);
});
