import { expect, test } from '@jest/globals';
import { historyOf } from './order-history';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 12, 0, second));

/** An order without recorded events: the original's, or one of a version that recorded none. */
const row = {
  order_status: 'placed',
  payment_status: 'pending',
  order_date: at(0),
  cancel_requested_at: null,
  settled_at: null,
  payment_id: null,
  cancellation_reason: null,
  events: [],
};

test('derives the acceptance from the date of the order', () => {
  expect(historyOf(row)).toEqual([{ step: 'accepted', time: at(0), reason: null, actor: null }]);
});

test('derives the payment and the shipping from the settlement', () => {
  const shipped = { ...row, order_status: 'shipped', payment_status: 'success', settled_at: at(5), payment_id: 'p' };

  expect(historyOf(shipped)).toEqual([
    { step: 'accepted', time: at(0), reason: null, actor: null },
    { step: 'paid', time: at(5), reason: 'payment p', actor: null },
    { step: 'shipped', time: at(5), reason: null, actor: null },
  ]);
});

test('derives a decline and its reason', () => {
  const declined = {
    ...row,
    order_status: 'cancelled',
    payment_status: 'failed',
    settled_at: at(5),
    cancellation_reason: 'over the limit',
  };

  expect(historyOf(declined).slice(1)).toEqual([
    { step: 'declined', time: at(5), reason: 'over the limit', actor: null },
    { step: 'cancelled', time: at(5), reason: 'over the limit', actor: null },
  ]);
});

test('has no time of the settlement of an order that the original settled, and places it before later events', () => {
  const events = [{ step: 'refund-due', time: at(30).toISOString(), reason: 'payment p', actor: null }];
  const original = { ...row, order_status: 'shipped', payment_status: 'success', events };

  expect(historyOf(original).map(({ step, time }) => [step, time])).toEqual([
    ['accepted', at(0)],
    ['paid', null],
    ['shipped', null],
    ['refund-due', at(30)],
  ]);
});

test('places a derived step by its time among the recorded ones', () => {
  const events = [
    { step: 'payment-requested', time: at(1).toISOString(), reason: null, actor: null },
    { step: 'cancelled', time: at(3).toISOString(), reason: 'The customer cancelled the order.', actor: null },
  ];
  const cancelled = {
    ...row,
    order_status: 'cancelled',
    payment_status: 'cancelled',
    cancel_requested_at: at(2),
    events,
  };

  expect(historyOf(cancelled).map(({ step }) => step)).toEqual([
    'accepted',
    'payment-requested',
    'cancel-requested',
    'cancelled',
  ]);
});

test('keeps who requested a recorded step', () => {
  const actor = 'api-key:1a2b3c4d';
  const events = [{ step: 'cancel-requested', time: at(1).toISOString(), reason: null, actor }];

  expect(historyOf({ ...row, cancel_requested_at: at(1), events }).map((entry) => [entry.step, entry.actor])).toEqual([
    ['accepted', null],
    ['cancel-requested', actor],
  ]);
});

test('reads a date that JavaScript cannot represent as unknown', () => {
  expect(historyOf({ ...row, order_date: new Date(Number.NaN) })).toHaveLength(1);
});
