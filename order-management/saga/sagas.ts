import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { sagasStarted } from '@shop/runtime/metrics';
import { sampledTraceId } from '@shop/runtime/tracing/active-trace';
import type { Temporal } from '@shop/runtime/temporal';
import { OrderStatus } from '../orders/order-status';
import {
  cancelRequested,
  ORDER_TASK_QUEUE,
  orderWorkflowId,
  PAYMENT_TASK_QUEUE,
  paymentSettled,
  refundWorkflowId,
  type PaymentAnswer,
  type PaymentTerms,
  type PlaceOrderInput,
  refundDetails,
  refundSummary,
  type RefundInput,
} from '@shop/workflows/contract';
import type { placeOrder } from '@shop/workflows/place-order';
import type { refundPayment } from '@shop/workflows/refund-payment';
import { CUSTOMER_ID, ORDER_STATUS, ORDER_TOTAL } from '@shop/workflows/search-attributes';
import { TypedSearchAttributes } from '@temporalio/common';

export interface OrderToPay {
  orderId: string;
  customerId: string;
  totalAmount: string;
}

/**
 * The state of a workflow. `ENDED EARLY`: cancelled, terminated or timed out. `UNKNOWN`: never started, past its
 * retention, or lost with Temporal's store.
 */
export type WorkflowState = 'RUNNING' | 'COMPLETED' | 'FAILED' | 'ENDED EARLY' | 'UNKNOWN';

/** Starts, signals and inspects sagas. Each call throws TemporalUnavailableError if Temporal is unavailable. */
export class Sagas {
  constructor(
    private readonly temporal: Pick<Temporal, 'call'>,
    private readonly payment: PaymentTerms,
    /** The address of Jaeger, for links to traces; without it, there are none. */
    private readonly traceUiUrl?: string,
  ) {}

  /**
   * Starts the saga of an order that was just accepted. Temporal refuses a second one, even after the first has ended.
   *
   * @returns whether it started one
   */
  start(order: OrderToPay): Promise<boolean> {
    return this.startSaga({ ...pick(order), payment: this.payment }, WorkflowIdReusePolicy.REJECT_DUPLICATE);
  }

  /**
   * Starts a saga for an order that is `placed` and appears to have none. Its first step reads the row. If the order was
   * settled in the meantime, the saga ends after that step.
   *
   * @param answers payment answers that arrived while no saga ran
   * @returns false if a saga is running
   */
  async resume(order: OrderToPay, answers: PaymentAnswer[] = []): Promise<boolean> {
    const input: PlaceOrderInput = { ...pick(order), payment: this.payment, resumed: true, answers };
    return this.startSaga(input, WorkflowIdReusePolicy.ALLOW_DUPLICATE);
  }

  /** Signals a payment answer to an order's saga. @returns false if no saga runs */
  signalPayment(orderId: string, answer: PaymentAnswer): Promise<boolean> {
    return this.signal(orderId, (saga) => saga.signal(paymentSettled, answer));
  }

  /** Signals to an order's saga that its customer cancelled. @returns false if no saga runs */
  signalCancel(orderId: string): Promise<boolean> {
    return this.signal(orderId, (saga) => saga.signal(cancelRequested));
  }

  /** Starts the workflow of a refund, unless it was started before. */
  refund(refund: RefundInput): Promise<void> {
    return this.startRefund(refund, WorkflowIdReusePolicy.REJECT_DUPLICATE);
  }

  /** Starts the workflow of a refund, also if an earlier run has failed or was ended by an operator. */
  refundAgain(refund: RefundInput): Promise<void> {
    return this.startRefund(refund, WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY);
  }

  private async startRefund(refund: RefundInput, workflowIdReusePolicy: WorkflowIdReusePolicy): Promise<void> {
    await startOnce(() =>
      this.temporal.call((client) =>
        client.workflow.start<typeof refundPayment>('refundPayment', {
          workflowId: refundWorkflowId(refund),
          taskQueue: PAYMENT_TASK_QUEUE,
          args: [refund],
          workflowIdReusePolicy,
          staticSummary: refundSummary(refund),
          staticDetails: refundDetails(refund),
        }),
      ),
    );
  }

  /** Returns the state of an order's saga, of its latest run if there were several. */
  stateOfSaga(orderId: string): Promise<WorkflowState> {
    return this.stateOf(orderWorkflowId(orderId));
  }

  /** Returns the address of the trace of an order's saga; null if it has none, or if there is no such saga. */
  async traceOfSaga(orderId: string): Promise<string | null> {
    try {
      const { memo } = await this.temporal.call((client) =>
        client.workflow.getHandle(orderWorkflowId(orderId)).describe(),
      );
      return typeof memo?.['trace'] === 'string' ? memo['trace'] : null;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  /**
   * Returns the state of a refund's workflow.
   *
   * @param requestedAt when a person requested the refund, if one did; a run that an operator has ended before counts as
   *   FAILED, because it does not answer this request
   */
  async stateOfRefund(refund: RefundInput, requestedAt: Date | null = null): Promise<WorkflowState> {
    return this.stateOf(refundWorkflowId(refund), requestedAt);
  }

  private async stateOf(workflowId: string, requestedAt: Date | null = null): Promise<WorkflowState> {
    try {
      const { status, closeTime } = await this.temporal.call((client) =>
        client.workflow.getHandle(workflowId).describe(),
      );
      const { name } = status;
      if (name !== 'COMPLETED' && closeTime && requestedAt && closeTime < requestedAt) return 'FAILED';
      return name === 'RUNNING' || name === 'COMPLETED' || name === 'FAILED' ? name : 'ENDED EARLY';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'UNKNOWN';
      throw error;
    }
  }

  private async startSaga(input: PlaceOrderInput, workflowIdReusePolicy: WorkflowIdReusePolicy): Promise<boolean> {
    const { orderId, customerId, totalAmount, payment } = input;
    const traceId = sampledTraceId();
    const trace = this.traceUiUrl !== undefined && traceId !== null && `${this.traceUiUrl}/trace/${traceId}`;
    const started = await startOnce(() =>
      this.temporal.call((client) =>
        client.workflow.start<typeof placeOrder>('placeOrder', {
          workflowId: orderWorkflowId(orderId),
          taskQueue: ORDER_TASK_QUEUE,
          args: [input],
          workflowIdReusePolicy,
          // The first task runs in this process, without a round trip through the server. Off for a resumed saga: the
          // sweeper of an instance whose build is not current yet may start it, and must not run its tasks.
          requestEagerStart: !input.resumed,
          staticSummary: `Order of $${totalAmount}`,
          memo: { customerId, totalAmount, paymentChannel: payment.channel, ...(trace && { trace }) },
          typedSearchAttributes: new TypedSearchAttributes([
            { key: CUSTOMER_ID, value: customerId },
            { key: ORDER_TOTAL, value: Number(totalAmount) },
            { key: ORDER_STATUS, value: OrderStatus.placed },
          ]),
        }),
      ),
    );
    if (started) sagasStarted.inc({ how: input.resumed ? 'resumed' : 'new' });
    return started;
  }

  private async signal(
    orderId: string,
    send: (saga: ReturnType<Client['workflow']['getHandle']>) => Promise<void>,
  ): Promise<boolean> {
    try {
      await this.temporal.call((client) => send(client.workflow.getHandle(orderWorkflowId(orderId))));
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }
}

const pick = ({ orderId, customerId, totalAmount }: OrderToPay): OrderToPay => ({ orderId, customerId, totalAmount });

/** Starts a workflow. @returns false if a workflow of this id runs, or has run and must not run again */
async function startOnce(start: () => Promise<unknown>): Promise<boolean> {
  try {
    await start();
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
