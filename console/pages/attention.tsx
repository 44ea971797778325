import { answerOf, linkedQuery, orders, read } from '../api/client';
import { useLoad } from '../api/use-load';
import { InstancesSection } from '../attention/instances-section';
import { ParkedSection } from '../attention/parked-section';
import { RELOAD_EVERY_MS } from '../attention/reload-every';
import { formatCount, formatMoney } from '../format/money';
import { formatAge, formatDuration, formatTime } from '../format/time';
import { linesOf } from '../orders/order-lines';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { ShortId } from '../parts/short-id';
import { Table } from '../parts/table';

/** An order is normally settled within seconds. */
const TOO_LONG_MS = 5 * 60_000;
/** How many sagas of a kind the service examines; see order-management/saga/running-sagas.ts. */
const MAX_EXAMINED = 50;

/** What waits for a person. */
export function AttentionPage() {
  return (
    <Page title="Attention">
      <BacklogSection />
      <ParkedSection service="order-management" />
      <ParkedSection service="payment-processing" />
      <RefundsSection />
      <UnsettledSection />
      <FailingSection />
      <InstancesSection service="order-management" />
      <InstancesSection service="payment-processing" />
    </Page>
  );
}

function BacklogSection() {
  const loaded = useLoad(
    'backlog',
    (signal) => read(orders.GET('/orderManagement/backlog', { signal })),
    RELOAD_EVERY_MS,
  );
  return (
    <section class="panel" aria-labelledby="backlog">
      <h2 id="backlog">Backlog</h2>
      <LoadState loaded={loaded} what="the backlog">
        {({ unsettled, oldestSeconds, limit }) => (
          <>
            <p>
              {formatCount(unsettled)} of at most {formatCount(limit)} orders wait to be settled.
              {oldestSeconds > 0 && ` The oldest has waited for ${formatDuration(oldestSeconds)}.`}
              {unsettled >= limit && ' New orders are refused while payments settle orders.'}
            </p>
            <meter
              class="wide"
              aria-label="Backlog"
              min={0}
              max={limit}
              high={limit * 0.8}
              value={Math.min(unsettled, limit)}
            />
          </>
        )}
      </LoadState>
    </section>
  );
}

function RefundsSection() {
  const loaded = useLoad(
    'refunds',
    (signal) => answerOf(orders.GET('/orderManagement/refunds', { signal, params: { query: { limit: 100 } } })),
    RELOAD_EVERY_MS,
  );
  return (
    <section class="panel" aria-labelledby="refunds">
      <h2 id="refunds">Refunds due</h2>
      <LoadState loaded={loaded} what="refunds">
        {({ data: refunds, headers }) =>
          refunds.length === 0 ? (
            <p class="empty">No refund is due.</p>
          ) : (
            <>
              {linkedQuery(headers, 'next') && <p>The oldest {refunds.length} are shown; there are more.</p>}
              <Table name="Refunds due" isCards>
                <thead>
                  <tr>
                    <th scope="col">Order</th>
                    <th scope="col">Due for</th>
                    <th scope="col" class="number">
                      Total of the order
                    </th>
                    <th scope="col">Payment</th>
                    <th scope="col">Reason</th>
                  </tr>
                </thead>
                <tbody>
                  {refunds.map(({ refundId, orderId, notedAt, amount, paymentId, reason }) => (
                    <tr key={refundId}>
                      <th scope="row" data-label="Order">
                        <ShortId id={orderId} href={`/orders/${orderId}`} />
                      </th>
                      <td data-label="Due for" title={formatTime(notedAt)}>
                        {formatAge(notedAt)}
                      </td>
                      <td data-label="Total of the order" class="number">
                        {formatMoney(amount)}
                      </td>
                      <td data-label="Payment">{paymentId === null ? 'not known yet' : <code>{paymentId}</code>}</td>
                      <td data-label="Reason">{reason ?? 'none'}</td>
                    </tr>
                  ))}
                </tbody>
              </Table>
            </>
          )
        }
      </LoadState>
    </section>
  );
}

function UnsettledSection() {
  const loaded = useLoad(
    'unsettled',
    (signal) => {
      const before = new Date(Date.now() - TOO_LONG_MS).toISOString();
      const query = new URLSearchParams({
        order_status: 'placed',
        'order_date[lt]': before,
        sort: 'order_date',
        limit: '50',
      });
      return answerOf(orders.GET('/orderManagement/order', { signal, querySerializer: () => query.toString() }));
    },
    RELOAD_EVERY_MS,
  );
  return (
    <section class="panel" aria-labelledby="unsettled">
      <h2 id="unsettled">Orders placed for too long</h2>
      <p class="muted">Orders that are not settled after {formatDuration(TOO_LONG_MS / 1_000)}.</p>
      <LoadState loaded={loaded} what="orders">
        {({ data, headers }) =>
          data.length === 0 ? (
            <p class="empty">No order waits for too long.</p>
          ) : (
            <>
              <p>
                {formatCount(Number(headers.get('x-total-count')))} orders, the oldest first
                {linkedQuery(headers, 'next') && `; the oldest ${data.length} are shown`}.
              </p>
              <Table name="Orders placed for too long" isCards>
                <thead>
                  <tr>
                    <th scope="col">Order</th>
                    <th scope="col">Placed for</th>
                    <th scope="col">Products</th>
                  </tr>
                </thead>
                <tbody>
                  {data.map((order) => (
                    <tr key={order.orderId}>
                      <th scope="row" data-label="Order">
                        <ShortId id={order.orderId} href={`/orders/${order.orderId}`} />
                      </th>
                      <td data-label="Placed for" title={formatTime(order.orderDate)}>
                        {order.orderDate === null ? 'unknown' : formatAge(order.orderDate)}
                      </td>
                      <td data-label="Products">{linesOf(order)}</td>
                    </tr>
                  ))}
                </tbody>
              </Table>
            </>
          )
        }
      </LoadState>
    </section>
  );
}

function FailingSection() {
  const loaded = useLoad(
    'failing sagas',
    (signal) => read(orders.GET('/orderManagement/failing-sagas', { signal })),
    RELOAD_EVERY_MS,
  );
  return (
    <section class="panel" aria-labelledby="failing">
      <h2 id="failing">Sagas that cannot progress</h2>
      <p class="muted">
        The {MAX_EXAMINED} youngest order sagas and the {MAX_EXAMINED} youngest refund sagas that have run for more than
        30 seconds are examined.
      </p>
      <LoadState loaded={loaded} what="sagas">
        {(failing) =>
          failing.length === 0 ? (
            <p class="empty">All examined sagas can progress.</p>
          ) : (
            <ul class="plain">
              {failing.map(({ workflowId, reason, url }) => (
                <li key={workflowId}>
                  <a href={url} target="_blank" rel="noreferrer">
                    {workflowId}
                  </a>
                  : {reason}
                </li>
              ))}
            </ul>
          )
        }
      </LoadState>
    </section>
  );
}
