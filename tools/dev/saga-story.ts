import { defaultPayloadConverter } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import {
  orderWorkflowId,
  type OrderActivities,
  type PaymentActivities,
  type PaymentAnswer,
} from '@shop/workflows/contract';

/** A step of a saga, and when it was recorded, in milliseconds since the saga began. */
export interface Chapter {
  afterMs: number;
  text: string;
}

const STEPS: Record<keyof OrderActivities | keyof PaymentActivities, string> = {
  resumeOrder: 'order looked up again',
  requestPayment: 'payment asked for: processPayment published to RabbitMQ',
  shipOrder: 'order shipped',
  cancelOrder: 'compensation: order cancelled, its stock given back',
  recordRefundDue: 'refund noted',
  processPayment: 'payment asked for: activity on the payment service',
  refundPayment: 'compensation: payment given back, should there be one',
};

/** What happened to an order, told by the history of its saga. */
export async function tellSaga(client: Client, orderId: string): Promise<Chapter[]> {
  const { events } = await client.workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
  const [first] = events ?? [];
  if (!events || !first) return [];

  const chapters = events.flatMap((event) => {
    const chapter = (text: string, time: Time = event.eventTime): Chapter[] => [
      { afterMs: Math.round(millisecondsOf(time) - millisecondsOf(first.eventTime)), text },
    ];
    const { workflowExecutionSignaledEventAttributes: signal, markerRecordedEventAttributes: marker } = event;

    if (event.workflowExecutionStartedEventAttributes) return chapter('saga started');
    if (signal?.signalName === 'cancel') return chapter('cancel requested');
    if (signal) return chapter(answerIn(signal.input?.payloads?.[0]));
    if (marker?.markerName === 'core_local_activity') {
      // Recorded with the workflow task that ran it, after the fact.
      const run = decode(marker.details?.['data']?.payloads?.[0]) as LocalActivityRun;
      const result = marker.details?.['result']?.payloads?.[0];
      const atOnce = run.activity_type === 'requestPayment' ? (decode(result) as AtOnce) : null;
      // The two are of different clocks, the server's and the worker's, which may be some milliseconds apart.
      const { original_schedule_time: began, complete_time: completed } = run;
      const ended = millisecondsOf(completed) < millisecondsOf(began) ? began : completed;
      return [...chapter(nameOf(run.activity_type), began), ...(atOnce ? chapter(answerIn(result), ended) : [])];
    }
    const scheduled = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (scheduled) return chapter(nameOf(scheduled));
    const result = event.activityTaskCompletedEventAttributes?.result?.payloads?.[0];
    if (result) return chapter(answerIn(result));
    if (event.workflowExecutionCompletedEventAttributes) return chapter('saga completed');
    return [];
  });
  return chapters.toSorted((a, b) => a.afterMs - b.afterMs);
}

type AtOnce = Awaited<ReturnType<OrderActivities['requestPayment']>>;

interface LocalActivityRun {
  activity_type: string;
  original_schedule_time: Time;
  complete_time: Time;
}

type Time = { seconds?: unknown; nanos?: number | null } | null | undefined;

const millisecondsOf = (time: Time): number => Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;

const nameOf = (step: string): string => STEPS[step as keyof typeof STEPS] ?? step;

type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];

const decode = (payload: Payload | null | undefined): unknown => defaultPayloadConverter.fromPayload(payload ?? {});

function answerIn(payload: Payload | null | undefined): string {
  const { success, reason } = decode(payload) as PaymentAnswer;
  return success ? 'payment answered: success' : `payment answered: declined, ${reason}`;
}
