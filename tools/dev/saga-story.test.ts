import { expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { tellSaga } from './saga-story';

const payloads = (value: unknown): object => ({ payloads: [defaultPayloadConverter.toPayload(value)] });

test('a payment is asked for before it is answered, however far apart the clocks are that tell so', async () => {
  const run = {
    activity_type: 'requestPayment',
    original_schedule_time: { seconds: 1, nanos: 149_000_000 },
    complete_time: { seconds: 1, nanos: 140_000_000 },
  };
  const answer = { paymentId: 'p', success: true, reason: '', settled: { orderStatus: 'shipped' } };
  const events = [
    { eventTime: { seconds: 1 }, workflowExecutionStartedEventAttributes: {} },
    {
      eventTime: { seconds: 1, nanos: 300_000_000 },
      markerRecordedEventAttributes: {
        markerName: 'core_local_activity',
        details: { data: payloads(run), result: payloads(answer) },
      },
    },
  ];
  const client = { workflow: { getHandle: () => ({ fetchHistory: async () => ({ events }) }) } };

  expect(await tellSaga(client as unknown as Client, 'an order')).toEqual([
    { afterMs: 0, text: 'saga started' },
    { afterMs: 149, text: 'payment asked for: processPayment published to RabbitMQ' },
    { afterMs: 149, text: 'payment answered: success' },
    { afterMs: 149, text: 'order shipped' },
  ]);
});
