import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { registerSearchAttributes } from '@shop/order-management/saga/register-search-attributes';
import { installTemporalRuntime } from '@shop/runtime/temporal';
import { bundlePath } from '@shop/workflows/bundle-path';
import {
  cancelRequested,
  ORDER_TASK_QUEUE,
  orderWorkflowId,
  PAYMENT_TASK_QUEUE,
  refundWorkflowId,
  type OrderActivities,
  type PaymentActivities,
  type PaymentAnswer,
  type PaymentTerms,
  type PlaceOrderInput,
  type RefundInput,
  type Settlement,
} from '@shop/workflows/contract';
import type { placeOrder } from '@shop/workflows/place-order';
import type { refundPayment } from '@shop/workflows/refund-payment';
import {
  Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { eventually } from './eventually';
import { createNamespace } from './servers';
import { silentLog } from './silent-log';

const projectFolder = join(__dirname, '..');
/** Recorded runs of the saga, which every later version of it must replay. */
export const HISTORIES = join(projectFolder, 'workflows', 'histories');

export { eventually } from './eventually';

type Saga = WorkflowHandleWithFirstExecutionRunId<typeof placeOrder>;

/** An accepted order, as its saga is given it. */
export const anOrder = ({
  payment,
  ...more
}: Partial<Omit<PlaceOrderInput, 'payment'>> & { payment?: Partial<PaymentTerms> } = {}): PlaceOrderInput => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  totalAmount: '90.00',
  payment: { channel: 'events', asks: 1, askTimeoutMs: 20_000, ...payment },
  ...more,
});

/** What a payment service answers. */
export const anAnswer = (more: Partial<PaymentAnswer> = {}): PaymentAnswer => ({
  paymentId: randomUUID(),
  success: true,
  reason: '',
  ...more,
});

type Step = keyof OrderActivities | keyof PaymentActivities;

/** Both services' activities on rows in memory, with what tests want to go wrong. */
class FakeShop implements OrderActivities, PaymentActivities {
  private readonly calls: { orderId: string; call: string }[] = [];
  private readonly rows = new Map<string, { settled: Settlement | null; cancelRequested: boolean; taken: number }>();
  private readonly failures = new Map<string, number>();
  private readonly broken = new Set<string>();
  private readonly refunds: (string | undefined)[] = [];
  private readonly requests = new Map<string, (saga: Saga, ask: number) => Promise<PaymentAnswer | void>>();
  private readonly asks = new Map<string, number>();

  constructor(private readonly sagaOf: (orderId: string) => Saga) {}

  /** What happens when the payment of an order is asked for, over RabbitMQ; may answer at once. */
  onRequest(order: PlaceOrderInput, react: (saga: Saga, ask: number) => Promise<PaymentAnswer | void>): void {
    this.requests.set(order.orderId, react);
  }

  /** Has a step fail that many times, in a way that a retry mends. */
  failing(order: PlaceOrderInput, step: Step, times: number): void {
    this.failures.set(`${step} ${order.orderId}`, times);
  }

  /** Has a step fail in a way that no retry mends. */
  breaking(order: PlaceOrderInput, step: Step): void {
    this.broken.add(`${step} ${order.orderId}`);
  }

  cancelRow(order: PlaceOrderInput): void {
    this.rowOf(order.orderId).cancelRequested = true;
  }

  settleRow(order: PlaceOrderInput, settled: Settlement): void {
    this.settle(order.orderId, settled);
  }

  callsFor(order: Pick<PlaceOrderInput, 'orderId'>): string[] {
    return this.calls.filter(({ orderId }) => orderId === order.orderId).map(({ call }) => call);
  }

  async called(order: PlaceOrderInput, call: unknown): Promise<void> {
    await eventually(() => expect(this.callsFor(order)).toContainEqual(call));
  }

  refundsOf(paymentId: string): number {
    return this.refunds.filter((id) => id === paymentId).length;
  }

  resumeOrder: OrderActivities['resumeOrder'] = async (orderId) => {
    this.record('resumeOrder', orderId);
    const { settled, cancelRequested: cancelled } = this.rowOf(orderId);
    if (settled) return { settled };
    return { settled: null, totalAmount: '90.00', ...(cancelled ? { hopeless: 'cancel requested' } : {}) };
  };

  requestPayment: OrderActivities['requestPayment'] = async ({ orderId }) => {
    this.record('requestPayment', orderId);
    const ask = (this.asks.get(orderId) ?? 0) + 1;
    this.asks.set(orderId, ask);
    const answer = await this.requests.get(orderId)?.(this.sagaOf(orderId), ask);
    if (!answer) return null;
    const { success, paymentId } = answer;
    const settling = success
      ? this.shipOrder(orderId, paymentId)
      : this.cancelOrder(orderId, { paymentStatus: 'failed', paymentId });
    const settled = await settling.catch(() => null); // as the real one: the saga settles then, in a step of its own
    return settled ? { ...answer, settled } : answer;
  };

  shipOrder: OrderActivities['shipOrder'] = async (orderId, paymentId) => {
    this.record('shipOrder', orderId, paymentId);
    return this.settle(orderId, { orderStatus: 'shipped', paymentStatus: 'success', paymentId });
  };

  cancelOrder: OrderActivities['cancelOrder'] = async (orderId, why) => {
    this.record('cancelOrder', orderId, why.paymentStatus);
    const paymentId = why.paymentStatus === 'failed' ? why.paymentId : null;
    return this.settle(orderId, { orderStatus: 'cancelled', paymentStatus: why.paymentStatus, paymentId });
  };

  processPayment: PaymentActivities['processPayment'] = async ({ orderId, totalAmount }) => {
    this.record('processPayment', orderId);
    return anAnswer(Number(totalAmount) > 1_000 ? { success: false, reason: 'too much' } : {});
  };

  refundPayment: PaymentActivities['refundPayment'] = async ({ orderId, paymentId }) => {
    this.record('refundPayment', orderId);
    this.refunds.push(paymentId);
  };

  noteRefund: OrderActivities['noteRefund'] = async ({ orderId, paymentId }) => {
    this.record('noteRefund', orderId, paymentId ?? 'of the order');
  };

  private settle(orderId: string, wish: Settlement): Settlement {
    const row = this.rowOf(orderId);
    const cancelled = { orderStatus: 'cancelled', paymentStatus: 'cancelled', paymentId: wish.paymentId } as const;
    if (row.settled) return row.settled;
    row.settled = row.cancelRequested && wish.orderStatus === 'shipped' ? cancelled : wish;
    if (row.settled.orderStatus === 'cancelled') row.taken--;
    return row.settled;
  }

  /** An order's row, and the stock that is taken for it. */
  rowOf(orderId: string) {
    const row = this.rows.get(orderId) ?? { settled: null, cancelRequested: false, taken: 1 };
    this.rows.set(orderId, row);
    return row;
  }

  private record(step: Step, orderId: string, ...details: string[]): void {
    const key = `${step} ${orderId}`;
    const left = this.failures.get(key) ?? 0;
    if (left > 0) {
      this.failures.set(key, left - 1);
      throw new Error(`${step} fails, as the test wants`);
    }
    this.calls.push({ orderId, call: [step, ...details].join(' ') });
    if (this.broken.has(key)) throw ApplicationFailure.nonRetryable(`${step} is broken, as the test wants`);
  }
}

/** The real workflows on a real Temporal server, in a namespace of the suite's own, over a shop in memory. */
export class SagaWorkers {
  readonly shop = new FakeShop((orderId) => this.client.workflow.getHandle(orderWorkflowId(orderId)) as Saga);

  private readonly started: PlaceOrderInput[] = [];

  private constructor(
    readonly address: string,
    readonly namespace: string,
    private readonly connection: NativeConnection,
    private readonly client: Client,
    private workers: Worker[],
    private runs: Promise<void>[],
  ) {}

  static async start(suite: string): Promise<SagaWorkers> {
    installTemporalRuntime(silentLog);
    const { address, namespace } = await createNamespace(suite);
    const connection = await NativeConnection.connect({ address });
    await registerSearchAttributes(connection, namespace, silentLog);
    const sagas = new SagaWorkers(
      address,
      namespace,
      connection,
      new Client({ connection, namespace, identity: suite }),
      [],
      [],
    );
    sagas.workers = await Promise.all(
      (
        [
          [ORDER_TASK_QUEUE, 'place-order'],
          [PAYMENT_TASK_QUEUE, 'refund-payment'],
        ] as const
      ).map(([taskQueue, workflow]) =>
        Worker.create({
          connection,
          namespace,
          taskQueue,
          identity: taskQueue,
          workflowBundle: { codePath: bundlePath(workflow) },
          activities: sagas.shop,
        }),
      ),
    );
    sagas.runs = sagas.workers.map((worker) => worker.run());
    return sagas;
  }

  start(order: PlaceOrderInput): Promise<Saga> {
    this.started.push(order);
    return this.client.workflow.start<typeof placeOrder>('placeOrder', {
      workflowId: orderWorkflowId(order.orderId),
      taskQueue: ORDER_TASK_QUEUE,
      args: [order],
    });
  }

  /** Starts a saga whose first task has the customer's cancel in it. */
  startCancelled(order: PlaceOrderInput): Promise<Pick<Saga, 'result'>> {
    this.started.push(order);
    return this.client.workflow.signalWithStart<typeof placeOrder>('placeOrder', {
      workflowId: orderWorkflowId(order.orderId),
      taskQueue: ORDER_TASK_QUEUE,
      args: [order],
      signal: cancelRequested,
    });
  }

  /** Runs a saga to its end. */
  async run(order: PlaceOrderInput): Promise<Settlement> {
    return (await this.start(order)).result();
  }

  /** Starts a refund as the bridge does: once, whoever else finds out that it must be. */
  async refundOnce(orderId: string, paymentId: string): Promise<void> {
    await this.startRefund({ orderId, paymentId }).catch((error: unknown) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    });
  }

  async startRefund(refund: RefundInput): Promise<void> {
    await this.client.workflow.start<typeof refundPayment>('refundPayment', {
      workflowId: refundWorkflowId(refund),
      taskQueue: PAYMENT_TASK_QUEUE,
      args: [refund],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    });
    await this.refunded(refundWorkflowId(refund));
  }

  async refunded(refundId: string): Promise<void> {
    await this.client.workflow.getHandle(refundId).result();
  }

  /** Waits until the server's list, which lags behind, shows that many sagas. */
  async listed(count: number): Promise<void> {
    await eventually(async () => expect((await this.client.workflow.count()).count).toBe(count));
  }

  async workflowTasksOf({ orderId }: PlaceOrderInput): Promise<number> {
    const { events } = await this.client.workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
    return (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes).length;
  }

  /** The ids of the refunds that an order's saga started itself. */
  async startedRefunds(order: PlaceOrderInput): Promise<string[]> {
    const { events } = await this.client.workflow.getHandle(orderWorkflowId(order.orderId)).fetchHistory();
    return (events ?? []).flatMap(
      (event) => event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId ?? [],
    );
  }

  /** With RECORD_HISTORIES set, keeps the histories of the sagas started since, for the replay test to find. */
  async keepHistories(testName: string): Promise<void> {
    const orders = this.started.splice(0);
    if (!process.env['RECORD_HISTORIES']) return;
    for (const { orderId } of orders) {
      const history = await this.client.workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
      const json = historyToJSON(history).replaceAll(projectFolder, '');
      await writeFile(join(HISTORIES, `${testName.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.json`), `${json}\n`);
    }
  }

  async stop(): Promise<void> {
    for (const worker of this.workers) worker.shutdown();
    await Promise.all(this.runs);
    await this.connection.close();
    await Runtime.instance().shutdown(); // or its log forwarding keeps the process alive
  }
}
