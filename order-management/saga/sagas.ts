import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { sagasStarted } from '@shop/runtime/metrics';
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

/** `UNKNOWN` to Temporal: never started, past its retention, or lost with its store. */
export type WorkflowState = 'RUNNING' | 'COMPLETED' | 'BROKEN OFF' | 'UNKNOWN';

/** The sagas of orders, as the rest of the service sees them. Each call throws TemporalUnavailableError where Temporal is away. */
export class Sagas {
  constructor(
    private readonly temporal: Pick<Temporal, 'call'>,
    private readonly payment: PaymentTerms,
  ) {}

  /**
   * Starts the saga of an order accepted just now. A second saga for it is refused, also once the first has ended.
   *
   * @returns whether it was started
   */
  start(order: OrderToPay): Promise<boolean> {
    return this.begin({ ...pick(order), payment: this.payment }, WorkflowIdReusePolicy.REJECT_DUPLICATE);
  }

  /**
   * Starts a saga for an order that is `placed` and seems to have none. Its first step looks at the row, so that one
   * started for an order settled meanwhile ends at once.
   *
   * @param answers payment answers that came while none ran
   * @returns false where a saga is running
   */
  async resume(order: OrderToPay, answers: PaymentAnswer[] = []): Promise<boolean> {
    const input: PlaceOrderInput = { ...pick(order), payment: this.payment, resumed: true, answers };
    return this.begin(input, WorkflowIdReusePolicy.ALLOW_DUPLICATE);
  }

  /** Tells an order's saga how the payment came out. @returns false where no saga runs */
  tellPayment(orderId: string, answer: PaymentAnswer): Promise<boolean> {
    return this.signal(orderId, (saga) => saga.signal(paymentSettled, answer));
  }

  /** Tells an order's saga that its customer cancelled. @returns false where no saga runs */
  tellCancel(orderId: string): Promise<boolean> {
    return this.signal(orderId, (saga) => saga.signal(cancelRequested));
  }

  /** Has a payment given back; once, however often it is asked for. */
  async refund(refund: RefundInput): Promise<void> {
    await ignoringDuplicates(() =>
      this.temporal.call((client) =>
        client.workflow.start<typeof refundPayment>('refundPayment', {
          workflowId: refundWorkflowId(refund),
          taskQueue: PAYMENT_TASK_QUEUE,
          args: [refund],
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          staticSummary: refundSummary(refund),
        }),
      ),
    );
  }

  /** Where the saga of an order stands: its latest run, should there have been several. */
  stateOfSaga(orderId: string): Promise<WorkflowState> {
    return this.stateOf(orderWorkflowId(orderId));
  }

  /** Where a refund stands. */
  stateOfRefund(refund: RefundInput): Promise<WorkflowState> {
    return this.stateOf(refundWorkflowId(refund));
  }

  private async stateOf(workflowId: string): Promise<WorkflowState> {
    try {
      const { status } = await this.temporal.call((client) => client.workflow.getHandle(workflowId).describe());
      return status.name === 'RUNNING' || status.name === 'COMPLETED' ? status.name : 'BROKEN OFF';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'UNKNOWN';
      throw error;
    }
  }

  private async begin(input: PlaceOrderInput, workflowIdReusePolicy: WorkflowIdReusePolicy): Promise<boolean> {
    const { orderId, customerId, totalAmount, payment } = input;
    const begun = await ignoringDuplicates(() =>
      this.temporal.call((client) =>
        client.workflow.start<typeof placeOrder>('placeOrder', {
          workflowId: orderWorkflowId(orderId),
          taskQueue: ORDER_TASK_QUEUE,
          args: [input],
          workflowIdReusePolicy,
          // The first task runs in this process, without a way through the server. Not that of a resumed saga: a build
          // that is not current yet sweeps already.
          requestEagerStart: !input.resumed,
          staticSummary: `Order of $${totalAmount}`,
          memo: { customerId, totalAmount, paymentChannel: payment.channel },
          typedSearchAttributes: new TypedSearchAttributes([
            { key: CUSTOMER_ID, value: customerId },
            { key: ORDER_TOTAL, value: Number(totalAmount) },
            { key: ORDER_STATUS, value: OrderStatus.placed },
          ]),
        }),
      ),
    );
    if (begun) sagasStarted.inc({ how: input.resumed ? 'resumed' : 'new' });
    return begun;
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

/** @returns false where a workflow of that id runs, or has run and must not again */
async function ignoringDuplicates(start: () => Promise<unknown>): Promise<boolean> {
  try {
    await start();
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
