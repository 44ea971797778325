import { createHash, randomUUID } from 'node:crypto';
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
  refundDetails,
  refundSummary,
  refundWorkflowId,
  type OrderActivities,
  type PaymentActivities,
  type PaymentAnswer,
  type PaymentTerms,
  type Cancellation,
  type PlaceOrderInput,
  type RefundInput,
  type RefundResult,
  type Settlement,
} from '@shop/workflows/contract';
import type { placeOrder } from '@shop/workflows/place-order';
import type { refundPayment } from '@shop/workflows/refund-payment';
import {
  Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  type WorkflowExecutionDescription,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type Duration } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { temporal } from '@temporalio/proto';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { eventually } from './eventually';
import { createNamespace } from './servers';
import { silentLog } from './silent-log';

const projectFolder = join(__dirname, '..');
/** The folder of the recorded histories. Every later version of the saga must replay them. */
export const HISTORIES = join(projectFolder, 'workflows', 'histories');

export { eventually } from './eventually';

type Saga = WorkflowHandleWithFirstExecutionRunId<typeof placeOrder>;

const CUSTOMER_CANCELLED: Cancellation = { code: 'customer-cancelled', reason: 'The customer cancelled the order.' };

/** Builds the settlement of an order that was cancelled without payment. */
export const aCancelledSettlement = (overrides: Partial<Settlement> = {}): Settlement => ({
  orderStatus: 'cancelled',
  paymentStatus: 'cancelled',
  paymentId: null,
  cancellation: CUSTOMER_CANCELLED,
  ...overrides,
});

/** Derives a payment id from a name. The same name always gives the same id, so tests can refer to payments by name. */
export const paymentNamed = (name: string): string =>
  createHash('md5')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Builds the input of the saga of an accepted order. */
export const anOrder = ({
  payment,
  ...overrides
}: Partial<Omit<PlaceOrderInput, 'payment'>> & { payment?: Partial<PaymentTerms> } = {}): PlaceOrderInput => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  totalAmount: '90.00',
  payment: { channel: 'events', maxRequests: 1, answerTimeoutMs: 20_000, ...payment },
  ...overrides,
});

/** Builds an answer of the payment service. */
export const anAnswer = (overrides: Partial<PaymentAnswer> = {}): PaymentAnswer => ({
  paymentId: randomUUID(),
  success: true,
  reason: '',
  ...overrides,
});

type Step = keyof OrderActivities | keyof PaymentActivities;

/** Implements the activities of both services on in-memory rows. Tests choose which steps fail. */
class FakeShop implements OrderActivities, PaymentActivities {
  private readonly calls: { orderId: string; call: string }[] = [];
  private readonly rows = new Map<
    string,
    { settled: Settlement | null; cancelRequested: boolean; stockTaken: number }
  >();
  private readonly failures = new Map<string, number>();
  private readonly permanentFailures = new Set<string>();
  private readonly refunds: (string | undefined)[] = [];
  private readonly refundResults = new Map<string, RefundResult | undefined>();
  private readonly reactions = new Map<string, (saga: Saga, attempt: number) => Promise<PaymentAnswer | void>>();
  private readonly requests = new Map<string, number>();

  constructor(private readonly sagaOf: (orderId: string) => Saga) {}

  /** Sets the reaction to a payment request. If the reaction returns an answer, it is the result of `requestPayment`. */
  onRequest(order: PlaceOrderInput, react: (saga: Saga, attempt: number) => Promise<PaymentAnswer | void>): void {
    this.reactions.set(order.orderId, react);
  }

  /** Sets what `refundPayment` returns. By default, it refunds the payment that the refund names. */
  onRefund({ orderId }: RefundInput, result: RefundResult | undefined): void {
    this.refundResults.set(orderId, result);
  }

  /** Makes a step fail a number of times, with an error that the saga retries. */
  failTimes(order: Pick<PlaceOrderInput, 'orderId'>, step: Step, times: number): void {
    this.failures.set(`${step} ${order.orderId}`, times);
  }

  /** Makes a step fail with an error that the saga does not retry. */
  failPermanently(order: PlaceOrderInput, step: Step): void {
    this.permanentFailures.add(`${step} ${order.orderId}`);
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

  async waitForCall(order: PlaceOrderInput, call: unknown): Promise<void> {
    await eventually(() => expect(this.callsFor(order)).toContainEqual(call));
  }

  countRefunds(paymentId: string): number {
    return this.refunds.filter((id) => id === paymentId).length;
  }

  resumeOrder: OrderActivities['resumeOrder'] = async (orderId) => {
    this.record('resumeOrder', orderId);
    const { settled, cancelRequested: cancelled } = this.rowOf(orderId);
    if (settled) return { settled };
    return { settled: null, totalAmount: '90.00', cancel: cancelled ? CUSTOMER_CANCELLED : null };
  };

  requestPayment: OrderActivities['requestPayment'] = async ({ orderId }) => {
    this.record('requestPayment', orderId);
    const attempt = (this.requests.get(orderId) ?? 0) + 1;
    this.requests.set(orderId, attempt);
    return (await this.reactions.get(orderId)?.(this.sagaOf(orderId), attempt)) ?? null;
  };

  shipOrder: OrderActivities['shipOrder'] = async (orderId, paymentId) => {
    this.record('shipOrder', orderId, paymentId);
    return this.settle(orderId, { orderStatus: 'shipped', paymentStatus: 'success', paymentId, cancellation: null });
  };

  cancelOrder: OrderActivities['cancelOrder'] = async (orderId, { paymentId = null, ...cancellation }) => {
    this.record('cancelOrder', orderId, cancellation.code);
    const paymentStatus = cancellation.code === 'payment-declined' ? 'failed' : 'cancelled';
    return this.settle(orderId, { orderStatus: 'cancelled', paymentStatus, paymentId, cancellation });
  };

  processPayment: PaymentActivities['processPayment'] = async ({ orderId, totalAmount }) => {
    this.record('processPayment', orderId);
    return anAnswer(Number(totalAmount) > 1_000 ? { success: false, reason: 'total amount over $1000' } : {});
  };

  refundPayment: PaymentActivities['refundPayment'] = async ({ orderId, paymentId }) => {
    this.record('refundPayment', orderId);
    this.refunds.push(paymentId);
    return this.refundResults.has(orderId) ? this.refundResults.get(orderId) : { paymentId: paymentId ?? null };
  };

  recordRefundDue: OrderActivities['recordRefundDue'] = async ({ orderId, paymentId }) => {
    this.record('recordRefundDue', orderId, paymentId ?? 'of the order');
  };

  recordRefund: OrderActivities['recordRefund'] = async ({ orderId }, paymentId) => {
    this.record('recordRefund', orderId, paymentId ?? 'of nothing');
  };

  private settle(orderId: string, settlement: Settlement): Settlement {
    const row = this.rowOf(orderId);
    if (row.settled) return row.settled;
    row.settled =
      row.cancelRequested && settlement.orderStatus === 'shipped'
        ? aCancelledSettlement({ paymentId: settlement.paymentId, cancellation: CUSTOMER_CANCELLED })
        : settlement;
    if (row.settled.orderStatus === 'cancelled') row.stockTaken--;
    return row.settled;
  }

  /** Returns an order's row and the stock that is taken for it. */
  rowOf(orderId: string) {
    const row = this.rows.get(orderId) ?? { settled: null, cancelRequested: false, stockTaken: 1 };
    this.rows.set(orderId, row);
    return row;
  }

  private record(step: Step, orderId: string, ...details: string[]): void {
    const key = `${step} ${orderId}`;
    const remaining = this.failures.get(key) ?? 0;
    if (remaining > 0) {
      this.failures.set(key, remaining - 1);
      throw new Error(`${step} fails because the test says so`);
    }
    this.calls.push({ orderId, call: [step, ...details].join(' ') });
    if (this.permanentFailures.has(key))
      throw ApplicationFailure.nonRetryable(`${step} fails for good because the test says so`);
  }
}

/** Runs the real workflows on an in-memory shop and a real Temporal server. Each suite has its own namespace. */
export class SagaWorkers {
  readonly shop = new FakeShop((orderId) => this.client.workflow.getHandle(orderWorkflowId(orderId)) as Saga);

  private readonly started: PlaceOrderInput[] = [];

  private constructor(
    readonly address: string,
    readonly namespace: string,
    private readonly connection: NativeConnection,
    readonly client: Client,
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

  start(order: PlaceOrderInput, options: { startDelay?: Duration } = {}): Promise<Saga> {
    this.started.push(order);
    return this.client.workflow.start<typeof placeOrder>('placeOrder', {
      workflowId: orderWorkflowId(order.orderId),
      taskQueue: ORDER_TASK_QUEUE,
      args: [order],
      ...options,
    });
  }

  /** Starts a saga and signals the customer's cancel before its first workflow task. */
  startCancelled(order: PlaceOrderInput): Promise<Pick<Saga, 'result'>> {
    this.started.push(order);
    return this.client.workflow.signalWithStart<typeof placeOrder>('placeOrder', {
      workflowId: orderWorkflowId(order.orderId),
      taskQueue: ORDER_TASK_QUEUE,
      args: [order],
      signal: cancelRequested,
    });
  }

  /** Sends a signal with a payload as it is, without converting a value. */
  async signalPayload({ orderId }: PlaceOrderInput, signalName: string, payload: Payload): Promise<void> {
    await this.client.workflowService.signalWorkflowExecution({
      namespace: this.namespace,
      workflowExecution: { workflowId: orderWorkflowId(orderId) },
      signalName,
      input: { payloads: [payload ?? {}] },
    });
  }

  /** Runs a saga until it ends. */
  async run(order: PlaceOrderInput): Promise<Settlement> {
    return (await this.start(order)).result();
  }

  /** Starts a refund as the bridge does, unless it was started before. */
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
      staticSummary: refundSummary(refund),
      staticDetails: refundDetails(refund),
    });
    await this.waitForRefund(refundWorkflowId(refund));
  }

  /** Waits until the workflow of a refund has completed. */
  async waitForRefund(refundId: string): Promise<void> {
    await this.client.workflow.getHandle(refundId).result();
  }

  /** Waits until the server lists this many sagas. The list is eventually consistent. */
  async waitUntilListed(count: number): Promise<void> {
    await eventually(async () => expect((await this.client.workflow.count()).count).toBe(count));
  }

  /** Counts the workflow tasks that failed in workflow code. Temporal retries such a task forever. */
  async countFailedTasks(workflowId: string): Promise<number> {
    const { events } = await this.client.workflow.getHandle(workflowId).fetchHistory();
    const { WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE: inCode } =
      temporal.api.enums.v1.WorkflowTaskFailedCause;
    return (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes?.cause === inCode).length;
  }

  async countWorkflowTasks({ orderId }: PlaceOrderInput): Promise<number> {
    const { events } = await this.client.workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
    return (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes).length;
  }

  /** Returns the workflow ids of the refunds that an order's saga started. */
  async startedRefunds(order: PlaceOrderInput): Promise<string[]> {
    const { events } = await this.client.workflow.getHandle(orderWorkflowId(order.orderId)).fetchHistory();
    return (events ?? []).flatMap(
      (event) => event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId ?? [],
    );
  }

  /** Returns the activities and timers of an order's saga by name, with the summaries that the Web UI shows. */
  async stepsOf({ orderId }: PlaceOrderInput): Promise<{ step: string; summary: unknown }[]> {
    const { events } = await this.client.workflow.getHandle(orderWorkflowId(orderId)).fetchHistory();
    return (events ?? []).flatMap((event) => {
      const step = stepOf(event);
      return step ? [{ step, summary: decode(event.userMetadata?.summary) }] : [];
    });
  }

  /** Returns what the saga reports about itself: its details, signals and queries. */
  metadataOf({ orderId }: PlaceOrderInput): Promise<temporal.api.sdk.v1.IWorkflowMetadata> {
    return this.client.workflow.getHandle(orderWorkflowId(orderId)).query('__temporal_workflow_metadata');
  }

  async currentDetailsOf(order: PlaceOrderInput): Promise<string> {
    return (await this.metadataOf(order)).currentDetails ?? '';
  }

  descriptionOf(workflowId: string): Promise<WorkflowExecutionDescription> {
    return this.client.workflow.getHandle(workflowId).describe();
  }

  /**
   * Writes the histories of the sagas that were started since the last call, for the replay test. Does nothing unless
   * RECORD_HISTORIES is set, or if the test's name matches `skip`.
   */
  async recordHistories(testName: string, { skip }: { skip: RegExp }): Promise<void> {
    const orders = this.started.splice(0);
    if (!process.env['RECORD_HISTORIES'] || skip.test(testName)) return;
    for (const { orderId } of orders) await this.recordHistory(orderWorkflowId(orderId), testName);
  }

  /** Writes the history of a workflow for the replay test. Does nothing unless RECORD_HISTORIES is set. */
  async recordHistory(workflowId: string, name: string): Promise<void> {
    if (!process.env['RECORD_HISTORIES']) return;
    const history = await this.client.workflow.getHandle(workflowId).fetchHistory();
    const json = historyToJSON(history).replaceAll(projectFolder, '');
    await writeFile(join(HISTORIES, `${name.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.json`), `${json}\n`);
  }

  async stop(): Promise<void> {
    for (const worker of this.workers) worker.shutdown();
    await Promise.all(this.runs);
    await this.connection.close();
    await Runtime.instance().shutdown(); // its log forwarding would keep the process alive
  }
}

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payload = temporal.api.common.v1.IPayload | null | undefined;

const decode = (payload: Payload): unknown => (payload ? defaultPayloadConverter.fromPayload(payload) : null);

/** Returns the name of an activity, or `timer`; null for other events. */
function stepOf({
  markerRecordedEventAttributes: marker,
  activityTaskScheduledEventAttributes: activity,
  timerStartedEventAttributes: timer,
}: HistoryEvent): string | null {
  if (timer) return 'timer';
  if (activity) return activity.activityType?.name ?? null;
  if (marker?.markerName !== 'core_local_activity') return null;
  return (decode(marker.details?.['data']?.payloads?.[0]) as { activity_type: string }).activity_type;
}
