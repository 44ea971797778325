/**
 * What the services and the workflows agree on: task queues, workflow ids, messages, activities.
 *
 * Everything here is recorded in workflow histories, so a change must keep every file in `histories/` replayable.
 */
import { defineQuery, defineSignal } from '@temporalio/workflow';

export const ORDER_TASK_QUEUE = 'order-management';
export const PAYMENT_TASK_QUEUE = 'payment-processing';

/** The id of the saga of an order; ids of orders are lower-case UUIDs wherever they become workflow ids. */
export const orderWorkflowId = (orderId: string): string => `order-${orderId}`;

/** Tells one refund from another, whoever finds out that it must be made: of a payment, or of an order. */
export const refundId = ({ orderId, paymentId }: RefundInput): string => paymentId ?? orderId;

/** The id of the workflow that gives money back. */
export const refundWorkflowId = (refund: RefundInput): string => `refund-${refundId(refund)}`;

/** What a list of workflows says of a refund. */
export const refundSummary = ({ orderId, paymentId }: RefundInput): string =>
  paymentId === undefined ? `Refund of whatever order ${orderId} was charged` : `Refund of payment ${paymentId}`;

/** How the payment service is reached: by RabbitMQ messages, or by an activity on its task queue. */
export type PaymentChannel = 'events' | 'activity';

export interface PaymentTerms {
  channel: PaymentChannel;
  /** How often the payment service is asked before the saga gives up. */
  asks: number;
  /** How long each ask may stay unanswered. */
  askTimeoutMs: number;
}

/** The most dollars that a request for a payment can ask for. */
export const MAX_AMOUNT = 1e15;

export interface PaymentRequest {
  orderId: string;
  customerId: string;
  /** A decimal with two places, such as `90.00`: exact, and a JSON number only where the contract wants one. */
  totalAmount: string;
}

/** What the payment service says of a payment. `reason` is empty where it succeeded. */
export interface PaymentAnswer {
  paymentId: string;
  success: boolean;
  reason: string;
}

export interface PlaceOrderInput extends PaymentRequest {
  payment: PaymentTerms;
  /** Set where this may not be the order's first run: the saga then looks at the row before anything else. */
  resumed?: true;
  /** Payment answers that arrived while no saga ran. */
  answers?: PaymentAnswer[];
}

/** How an order ended. `paymentId` is the payment that decided it, if one did. */
export interface Settlement {
  orderStatus: 'shipped' | 'cancelled';
  paymentStatus: 'success' | 'failed' | 'cancelled';
  paymentId: string | null;
}

/** Why an order is cancelled: declined (`failed`, by that payment) or not paid at all (`cancelled`). */
export type Cancellation =
  { paymentStatus: 'failed'; paymentId: string } | { paymentStatus: 'cancelled'; reason: string };

/** A row met again: settled, or still `placed`, its total known; `hopeless` says why it can only be cancelled. */
export type ResumedOrder = { settled: Settlement } | { settled: null; totalAmount: string; hopeless?: string };

export interface RefundInput {
  orderId: string;
  /** Left out where the order ended before anybody learnt of a payment: whatever stands, or comes later, is void. */
  paymentId?: string;
}

/** Activities of order-management, on its own database and broker. Each may run twice; the second time changes nothing. */
export interface OrderActivities {
  resumeOrder(orderId: string): Promise<ResumedOrder>;
  /** Sends the request; where its answer comes at once, settles the order by it. Null where none does. */
  requestPayment(request: PaymentRequest): Promise<(PaymentAnswer & { settled?: Settlement }) | null>;
  shipOrder(orderId: string, paymentId: string): Promise<Settlement>;
  cancelOrder(orderId: string, why: Cancellation): Promise<Settlement>;
  /** Makes it durable, outside of Temporal, that money must go back. */
  noteRefund(refund: RefundInput): Promise<void>;
}

/** Activities of payment-processing; idempotent by order id. */
export interface PaymentActivities {
  processPayment(request: PaymentRequest): Promise<PaymentAnswer>;
  refundPayment(refund: RefundInput): Promise<void>;
}

export const paymentSettled = defineSignal<[PaymentAnswer]>('paymentSettled');
export const cancelRequested = defineSignal('cancel');

export interface SagaStatus {
  stage: 'awaiting payment' | 'settling' | 'settled';
  settlement: Settlement | null;
  /** Payment answers received so far, repetitions left out. */
  answers: PaymentAnswer[];
}

export const sagaStatus = defineQuery<SagaStatus>('status');
