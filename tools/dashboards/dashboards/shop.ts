import type { DashboardSpec } from '../dashboard';
import { perSecond, quantiles } from '../promql';

const PLACE_ORDER = 'method="POST",route="/order"';

/** Is the shop taking orders and money, and do its customers get what they expect? */
export const shop: DashboardSpec = {
  uid: 'shop',
  title: 'Shop',
  description: 'Orders, money and service level objectives, as customers experience them.',
  panels: [
    {
      title: 'Orders per second',
      description:
        'Accepted, shipped and cancelled orders. If fewer orders are settled than accepted, unsettled orders accumulate.',
      unit: 'suffix: /s',
      queries: {
        accepted: perSecond('orders_accepted_total'),
        '{{outcome}}': perSecond('orders_settled_total', 'outcome'),
      },
    },
    {
      title: 'Cancelled orders per second, by reason',
      description:
        'Why orders are cancelled. Many payment-timeout mean that payments are not answered; any saga-failed is a defect.',
      unit: 'suffix: /s',
      queries: { '{{reason}}': perSecond('orders_settled_total{outcome="cancelled"}', 'reason') },
    },
    {
      title: 'Refused orders per second, by status',
      description:
        'Responses to POST /order other than 201. 409 and 422 are caused by the order, 429 by limits for clients, 503 by ' +
        'overload or an outage.',
      unit: 'suffix: /s',
      queries: {
        '{{status}}': perSecond(`http_request_duration_seconds_count{${PLACE_ORDER},status!="201"}`, 'status'),
      },
    },
    {
      title: 'Time to accept an order',
      description: 'Duration of POST /order. The objective is that 99.9 % take at most 500 ms.',
      unit: 's',
      queries: quantiles(`http_request_duration_seconds{${PLACE_ORDER}}`, 50, 95, 99),
      limit: 0.5,
    },
    {
      title: 'Time to settle an order',
      description: 'From acceptance to shipped or cancelled. The objective is that 99 % take at most 10 s.',
      unit: 's',
      queries: quantiles('order_settlement_duration_seconds', 50, 95, 99),
      limit: 10,
    },
    {
      title: 'Burn rate of the objectives',
      description:
        'How many times faster than permitted each service level objective consumes its error budget, over one hour. At 1, ' +
        'the budget lasts exactly for its period; at 14.4 a page is sent.',
      unit: 'suffix: x',
      queries: { '{{slo}}': 'slo:errors:ratio_rate1h / on (slo) slo:error_budget:ratio' },
      limit: 14.4,
    },
    {
      title: 'Unsettled orders',
      description: 'Orders that are neither shipped nor cancelled. At the limit, new orders are answered with 503.',
      unit: 'short',
      queries: { unsettled: 'max(orders_unsettled)', limit: 'min(unsettled_orders_limit)' },
    },
    {
      title: 'Age of the oldest unsettled order',
      description: 'No order should be unsettled for more than five minutes.',
      unit: 's',
      queries: { age: 'max(oldest_unsettled_order_age_seconds)' },
      limit: 300,
    },
    {
      title: 'Money per minute',
      description: 'Dollars that were charged, declined and refunded.',
      unit: 'currencyUSD',
      queries: { '{{result}}': `60 * ${perSecond('payments_amount_dollars_total', 'result')}` },
    },
    {
      title: 'Payments per second, by result',
      description: 'Charges, declines and refunds in the payment service.',
      unit: 'suffix: /s',
      queries: { '{{result}}': perSecond('payments_total', 'result') },
    },
    {
      title: 'Refunds due',
      description: 'Refunds that are not known to have ended; for some seconds also each order that was cancelled.',
      unit: 'short',
      queries: { due: 'max(refunds_due)' },
    },
    {
      title: 'Age of the oldest refund due',
      description:
        'A refund that stays due for minutes waits for the payment service, or was charged by another service.',
      unit: 's',
      queries: { age: 'max(oldest_refund_due_age_seconds)' },
      limit: 900,
    },
  ],
};
