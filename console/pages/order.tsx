import { useEffect, useRef, useState } from 'preact/hooks';
import { orders, read, type OrderDetails, type Payment, type RefundDue } from '../api/client';
import { useEvents } from '../api/use-events';
import { useLoad } from '../api/use-load';
import { useReloadSoon } from '../api/use-reload-soon';
import { useConsole } from '../console-context';
import { fullNameOf } from '../customers/full-name';
import { formatMoney } from '../format/money';
import { formatAge, formatTime } from '../format/time';
import { linesOf } from '../orders/order-lines';
import { moneyOf } from '../orders/order-money';
import { Dialog } from '../parts/dialog';
import { textOf } from '../parts/form-text';
import { Live } from '../parts/live';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { Status } from '../parts/status';
import { Table } from '../parts/table';
import { Timeline } from '../parts/timeline';

type Action = 'cancel' | 'refund';

/** One order: how it came to its state, and what can be done with it. */
export function OrderPage({ orderId }: { orderId: string }) {
  const isOperator = useConsole().caller.role === 'operator';
  const path = { params: { path: { id: orderId } } };
  const loaded = useLoad(`order ${orderId}`, async (signal) => {
    const [order, history] = await Promise.all([
      read(orders.GET('/orderManagement/order/{id}', { ...path, signal })),
      read(orders.GET('/orderManagement/order/{id}/history', { ...path, signal })),
    ]);
    const mayBeRefunded = isOperator && order.orderStatus === 'shipped' && order.paymentStatus === 'success';
    return { order, history, refundDue: mayBeRefunded ? await findRefundDue(orderId, signal) : undefined };
  });
  const reloadSoon = useReloadSoon(loaded);
  const stream = useEvents(orderId, reloadSoon, reloadSoon);
  const [action, setAction] = useState<Action | null>(null);
  const [done, setDone] = useState('');

  const act = async (run: () => Promise<{ message: string }>): Promise<void> => {
    setDone('');
    try {
      setDone((await run()).message);
    } finally {
      loaded.reload(); // somebody else may have acted: show the current state in any case
    }
  };
  const cancel = () => act(() => read(orders.POST('/orderManagement/order/{id}/cancel', path)));
  const refund = (form: FormData) => {
    const body = { reason: textOf(form, 'reason') };
    return act(() => read(orders.POST('/orderManagement/order/{id}/refund', { ...path, body })));
  };

  return (
    <Page title={`Order ${orderId.slice(0, 8)}`} aside={<Live state={stream} />}>
      <p class="muted">
        <code>{orderId}</code>
      </p>
      {done && (
        <p class="note good" role="status">
          {done}
        </p>
      )}
      <LoadState loaded={loaded} what="the order">
        {({ order, history, refundDue }) => (
          <>
            <Outcome order={order} />
            <div class="row">
              {order.orderStatus === 'placed' && (
                <button type="button" class="danger" onClick={() => setAction('cancel')}>
                  Cancel the order
                </button>
              )}
              {refundDue && (
                <p class="note" role="status">
                  This payment has been due for refund for {formatAge(refundDue.notedAt)}. Reason: {refundDue.reason}
                </p>
              )}
              {refundDue === null && (
                <button type="button" class="danger" onClick={() => setAction('refund')}>
                  Refund the payment
                </button>
              )}
            </div>
            <div class="columns">
              <section class="panel">
                <h2>Timeline</h2>
                <Timeline steps={history} />
              </section>
              <div>
                <Lines order={order} />
                <Money order={order} steps={history.length} />
                <Links order={order} />
              </div>
            </div>
            {action === 'cancel' && (
              <Dialog
                title="Cancel this order?"
                action="Cancel the order"
                ifRepeated="an order is cancelled only once."
                isDangerous
                onConfirm={cancel}
                onClose={() => setAction(null)}
              >
                <p>
                  The order is not shipped. Its stock ({linesOf(order)}) becomes available again. If{' '}
                  {formatMoney(order.totalAmount)} was or will be charged, it is refunded. This cannot be undone.
                </p>
              </Dialog>
            )}
            {action === 'refund' && (
              <Dialog
                title="Refund this payment?"
                action="Refund the payment"
                ifRepeated="a payment is refunded only once."
                isDangerous
                onConfirm={refund}
                onClose={() => setAction(null)}
              >
                <p>
                  The whole payment of {formatMoney(order.totalAmount)} is returned to the customer. The order stays
                  shipped, and the goods are not added to the stock: restock them in the catalog if they come back. This
                  cannot be undone.
                </p>
                <label>
                  Reason, for the history of the order
                  <input name="reason" maxLength={500} />
                </label>
              </Dialog>
            )}
          </>
        )}
      </LoadState>
    </Page>
  );
}

function Outcome({ order }: { order: OrderDetails }) {
  return (
    <dl class="facts">
      {order.customerId !== null && (
        <div>
          <dt>Customer</dt>
          <dd>
            <CustomerName customerId={order.customerId} />
          </dd>
        </div>
      )}
      <div>
        <dt>Status</dt>
        <dd>
          <Status value={order.orderStatus} />
        </dd>
      </div>
      <div>
        <dt>Payment</dt>
        <dd>
          <Status value={order.paymentStatus} />
        </dd>
      </div>
      {order.cancellation && (
        <div>
          <dt>Reason</dt>
          <dd>
            {order.cancellation.reason} <span class="muted">({order.cancellation.code})</span>
          </dd>
        </div>
      )}
      <div>
        <dt>Placed</dt>
        <dd>{formatTime(order.orderDate)}</dd>
      </div>
      <div>
        <dt>Settled</dt>
        <dd>{order.settledAt === null ? 'not yet' : formatTime(order.settledAt)}</dd>
      </div>
    </dl>
  );
}

/** Names the customer; the id until the name is known. */
function CustomerName({ customerId }: { customerId: string }) {
  const { data: customer } = useLoad(`customer ${customerId}`, (signal) =>
    read(orders.GET('/orderManagement/customer/{id}', { signal, params: { path: { id: customerId } } })),
  );
  return <>{customer ? fullNameOf(customer) : <code>{customerId}</code>}</>;
}

/** What happened to the stock of an order in each status. */
const STOCK: Record<string, string> = {
  placed: 'The stock is reserved for this order.',
  shipped: 'The stock has left with this order.',
  cancelled: 'The stock that this order had reserved is available again.',
};

function Lines({ order }: { order: OrderDetails }) {
  return (
    <section class="panel">
      <h2>Products</h2>
      <Table name="Products of the order">
        <thead>
          <tr>
            <th scope="col">Product</th>
            <th scope="col" class="number">
              Quantity
            </th>
            <th scope="col" class="number">
              Price
            </th>
          </tr>
        </thead>
        <tbody>
          {order.products.map(({ productId, name, OrderedQuantity, price }) => (
            <tr key={productId}>
              <th scope="row">
                <a href={`/orders?product_id=${productId}`}>{name}</a>
              </th>
              <td class="number">{OrderedQuantity}</td>
              <td class="number">{formatMoney(price)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Total</th>
            <td />
            <td class="number">{formatMoney(order.totalAmount)}</td>
          </tr>
        </tfoot>
      </Table>
      <p class="muted">{STOCK[order.orderStatus] ?? 'The original system managed the stock of this order.'}</p>
    </section>
  );
}

/** Finds the refund by hand that is due. @returns null if there is none, undefined if that cannot be read at present */
async function findRefundDue(orderId: string, signal: AbortSignal): Promise<RefundDue | null | undefined> {
  const params = { query: { order_id: orderId } };
  try {
    const refunds = await read(orders.GET('/orderManagement/refunds', { signal, params }));
    // Only a refund by hand has a reason of its own. A second payment may be refunded meanwhile, without one.
    return refunds.find(({ reason }) => reason !== null) ?? null;
  } catch {
    return undefined; // the order is shown nevertheless
  }
}

/** @param steps how many steps are known: a cancelled order keeps its status while its payment is taken and refunded */
function Money({ order, steps }: { order: OrderDetails; steps: number }) {
  const { caller, payments } = useConsole();
  const { orderId } = order;
  const isOperator = caller.role === 'operator';
  const loaded = useLoad(`payments ${orderId}`, async (signal): Promise<Payment[]> => {
    if (!isOperator) return [];
    return read(payments.GET('/paymentProcessing/payments', { signal, params: { query: { order_id: orderId } } }));
  });
  const stepsAtLoad = useRef(steps);
  useEffect(() => {
    if (stepsAtLoad.current !== steps) loaded.reload();
    stepsAtLoad.current = steps;
  }, [steps]);
  const { asked, taken, refunded } = moneyOf(order, isOperator && loaded.data ? (loaded.data[0] ?? null) : undefined);
  return (
    <section class="panel">
      <h2>Money</h2>
      <dl class="facts">
        <div>
          <dt>Asked</dt>
          <dd class="number">{formatMoney(asked)}</dd>
        </div>
        <div>
          <dt>Taken</dt>
          <dd class="number">{taken === null ? 'not known' : formatMoney(taken)}</dd>
        </div>
        <div>
          <dt>Refunded</dt>
          <dd class="number">{refunded === null ? 'not known' : formatMoney(refunded)}</dd>
        </div>
      </dl>
      {isOperator && (
        <LoadState loaded={loaded} what="the payment">
          {([payment]) =>
            payment ? (
              <p class="muted">
                Payment <code>{payment.paymentId}</code>: {payment.status}
                {payment.reason && `, ${payment.reason}`}, {formatTime(payment.paidAt)}
                {payment.refundedAt && `, refunded ${formatTime(payment.refundedAt)}`}
              </p>
            ) : (
              <p class="muted">The payment service has no payment of this order.</p>
            )
          }
        </LoadState>
      )}
    </section>
  );
}

function Links({ order }: { order: OrderDetails }) {
  const { caller } = useConsole();
  return (
    <section class="panel">
      <h2>More</h2>
      <ul class="plain">
        {order.customerId !== null && (
          <li>
            <a href={`/orders?customer_id=${order.customerId}`}>All orders of this customer</a>
          </li>
        )}
        {caller.role === 'operator' && <SagaLinks order={order} />}
      </ul>
    </section>
  );
}

/** Links to the saga, which does not need Temporal, and to what only Temporal knows. */
function SagaLinks({ order: { orderId, orderStatus, links } }: { order: OrderDetails }) {
  const loaded = useLoad(`saga ${orderId} ${orderStatus}`, (signal) =>
    read(orders.GET('/orderManagement/order/{id}/saga', { signal, params: { path: { id: orderId } } })),
  );
  return (
    <>
      <li>
        <a href={links.saga} target="_blank" rel="noreferrer">
          The saga in Temporal’s Web UI
        </a>
        {loaded.data && <span class="muted"> {loaded.data.state.toLowerCase()}</span>}
        {loaded.problem && <span class="muted"> Temporal is unavailable.</span>}
      </li>
      {loaded.data && loaded.data.trace !== null && (
        <li>
          <a href={loaded.data.trace} target="_blank" rel="noreferrer">
            Its trace
          </a>
        </li>
      )}
    </>
  );
}
