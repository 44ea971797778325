/**
 * The contract between the services and the workflows: task queues, workflow ids, messages, activities.
 *
 * Workflow histories record everything here, so a change must keep every file in `histories/` replayable.
 */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import { markdownText, plainText } from './plain-text';
import type { FinalOrderStatus, FinalPaymentStatus } from './statuses';

export const ORDER_TASK_QUEUE = 'order-management';
export const PAYMENT_TASK_QUEUE = 'payment-processing';

/** Returns the workflow id of an order's saga. Order ids are lower-case UUIDs in workflow ids. */
export const orderWorkflowId = (orderId: string): string => `order-${orderId}`;

/** Returns the id that identifies a refund: the payment's, or the order's if no payment is known. */
export const refundId = ({ orderId, paymentId }: RefundInput): string => paymentId ?? orderId;

/** Returns the workflow id of a refund. */
export const refundWorkflowId = (refund: RefundInput): string => `refund-${refundId(refund)}`;

/** Temporal refuses summaries of more than 400 bytes. */
const MAX_SUMMARY_REASON = 80;

/** Describes a refund in one line, for lists of workflows. */
export function refundSummary({ orderId, paymentId, reason }: RefundInput): string {
  if (paymentId === undefined) return `Refund whatever order ${orderId} was charged`;
  const byHand = reason === undefined ? '' : `, requested by hand: ${plainText(reason, MAX_SUMMARY_REASON)}`;
  return `Refund payment ${paymentId}${byHand}`;
}

/** Describes a refund for an operator who finds it waiting: only a worker of payment-processing runs it. */
export const refundDetails = ({ orderId, reason }: RefundInput): string =>
  `Belongs to order ${orderId}. ${reason === undefined ? '' : `Requested by hand: “${markdownText(reason)}”. `}Waits for a worker on the task queue \`${PAYMENT_TASK_QUEUE}\` if it has not started: ` +
  'start payment-processing. If the original payment service charged the order, refund it there and terminate this workflow.';

/** Selects how the saga reaches the payment service: RabbitMQ messages, or an activity on its task queue. */
export type PaymentChannel = 'events' | 'activity';

/** Limits of the payment terms. Larger values cannot be configured. */
export const MAX_PAYMENT_REQUESTS = 100;
export const MAX_ANSWER_TIMEOUT_MS = 365 * 24 * 3_600_000;

export interface PaymentTerms {
  channel: PaymentChannel;
  /** Maximum number of payment requests. */
  maxRequests: number;
  /** Time in milliseconds to wait for the answer to each request. */
  answerTimeoutMs: number;
}

/** The largest amount in dollars that a payment request can carry as an exact JSON number. */
export const MAX_AMOUNT = 1e15;

export interface PaymentRequest {
  orderId: string;
  customerId: string;
  /** Decimal with two places, such as `90.00`. Only the message of the contract carries it as a JSON number. */
  totalAmount: string;
  /** Set if the original placed the order: it may have been charged before, at prices that are not stored. */
  adopted?: true;
}

/** The answer of the payment service. `reason` is empty if the payment succeeded. */
export interface PaymentAnswer {
  paymentId: string;
  success: boolean;
  reason: string;
}

export interface PlaceOrderInput extends PaymentRequest {
  payment: PaymentTerms;
  /** Set if an earlier saga may have worked on this order. The saga then reads the order's row first. */
  resumed?: true;
  /** Payment answers that arrived while no saga ran. */
  answers?: PaymentAnswer[];
}

/** The reasons for which an order can be cancelled. */
export const CANCELLATION_CODES = [
  'payment-declined', // by the payment service
  'payment-timeout', // no answer to any payment request
  'payment-failed', // the payment activity failed and cannot be retried
  'customer-cancelled', // POST /order/{id}/cancel, or DELETE /order/{id}
  'operator-cancelled', // `temporal workflow cancel`
  'out-of-stock', // the stock was too low to adopt an order of the original, or no stock was taken
  'empty-order', // an adopted order of the original that has no products
  'saga-failed', // a step failed and cannot be retried
  'not-found', // the order's row was deleted
] as const;

export type CancellationCode = (typeof CANCELLATION_CODES)[number];

/** Why an order was cancelled: a code for programs and a text for people. */
export interface Cancellation {
  code: CancellationCode;
  reason: string;
}

/**
 * How an order ended. `paymentId` is the payment that decided it, if any. `cancellation` is null for shipped orders, and
 * for those that the original system cancelled.
 */
export interface Settlement {
  orderStatus: FinalOrderStatus;
  paymentStatus: FinalPaymentStatus;
  paymentId: string | null;
  cancellation: Cancellation | null;
}

/** Why an order must be cancelled, and the payment that was declined, if any. */
export interface CancelOrderInput extends Cancellation {
  paymentId?: string;
}

/** The state of an order that an earlier saga may have worked on. `cancel` is set if the order can only be cancelled. */
export type ResumedOrder =
  { settled: Settlement } | { settled: null; totalAmount: string; adopted?: true; cancel: Cancellation | null };

export interface RefundInput {
  orderId: string;
  /** Absent if no payment is known. The payment service then voids every charge of the order, present or future. */
  paymentId?: string;
  /** Why a person requested the refund of a shipped order. Absent if the system found the refund due. */
  reason?: string;
}

/** What a refund has done. */
export interface RefundResult {
  /** The payment that is refunded now; null if nothing was charged. */
  paymentId: string | null;
}

/** The activities of order-management, on its own database and broker. Each is idempotent. */
export interface OrderActivities {
  /** Reads an order that an earlier saga may have worked on, and adopts one that the original service left behind. */
  resumeOrder(orderId: string): Promise<ResumedOrder>;
  /**
   * Publishes the payment request. Returns the answer if it soon arrives in the same process, else null. `attempt` is for
   * the order's history; sagas of an older version do not pass it.
   */
  requestPayment(request: PaymentRequest, attempt?: string): Promise<PaymentAnswer | null>;
  /** Ships a paid order, unless a cancel came first. Returns how the order ended. */
  shipOrder(orderId: string, paymentId: string): Promise<Settlement>;
  /** Cancels an order and releases its stock, unless it is settled. Returns how the order ended. */
  cancelOrder(orderId: string, why: CancelOrderInput): Promise<Settlement>;
  /** Records in the database that a refund is due, so that it outlives the saga and Temporal's store. */
  recordRefundDue(refund: RefundInput): Promise<void>;
  /** Records in the database that a refund has ended. @param paymentId the refunded payment; null if nothing was charged */
  recordRefund(refund: RefundInput, paymentId: string | null): Promise<void>;
}

/** The activities of payment-processing. Each is idempotent by order id. */
export interface PaymentActivities {
  processPayment(request: PaymentRequest): Promise<PaymentAnswer>;
  /** Returns undefined if a worker of version 1.0.0 runs it. */
  refundPayment(refund: RefundInput): Promise<RefundResult | undefined>;
}

export const paymentSettled = defineSignal<[PaymentAnswer]>('paymentSettled');
export const cancelRequested = defineSignal('cancel');

/** What the query `status` returns. */
export interface SagaStatus {
  stage: 'awaiting payment' | 'settling' | 'settled';
  settlement: Settlement | null;
  /** The payment answers received so far, without repetitions. */
  answers: PaymentAnswer[];
  /** What happened so far, oldest first. */
  timeline: TimelineEntry[];
}

/** One step of an order, as the timeline shows it. */
export interface TimelineEntry {
  /** RFC 3339 timestamp, UTC. */
  time: string;
  step: string;
  outcome: string;
}

export const sagaStatus = defineQuery<SagaStatus>('status');
