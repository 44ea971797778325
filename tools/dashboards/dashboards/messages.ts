import type { DashboardSpec } from '../dashboard';
import { perSecond } from '../promql';

/** Do messages arrive, and is any of them stuck? */
export const messages: DashboardSpec = {
  uid: 'messages',
  title: 'Messages',
  description: 'The messages between the services: handled, waiting and parked.',
  panels: [
    {
      title: 'Handled messages per second',
      description:
        'Payment requests (processPayment) and payment answers (PaymentStat). Each order causes one of each.',
      unit: 'suffix: /s',
      queries: { '{{queue}}': perSecond('messages_total', 'queue') },
    },
    {
      title: 'Payment answers per second, by outcome',
      description: 'How answers reach their sagas. saga_resumed and refund_started are rare without an outage.',
      unit: 'suffix: /s',
      queries: { '{{outcome}}': perSecond('messages_total{queue="PaymentStat"}', 'outcome') },
    },
    {
      title: 'Payment requests per second, by outcome',
      description: 'Duplicates are requests that were repeated, because no answer arrived in time.',
      unit: 'suffix: /s',
      queries: { '{{outcome}}': perSecond('messages_total{queue="processPayment"}', 'outcome') },
    },
    {
      title: 'Waiting messages',
      description: 'Messages that wait for a consumer. If the number keeps growing, add instances or look for errors.',
      unit: 'short',
      queries: { '{{queue}}': 'max by (queue) (queued_messages)' },
      limit: 100,
    },
    {
      title: 'Parked messages',
      description: 'Messages that no service can handle. They wait for an operator.',
      unit: 'short',
      queries: { '{{queue}}': 'max by (queue) (parked_messages)' },
      limit: 1,
    },
    {
      title: 'Messages that could not be handled, per second',
      description:
        'A retried message failed and is tried again later, for a requeued one a server was unavailable, and a parked one waits ' +
        'for an operator.',
      unit: 'suffix: /s',
      queries: {
        '{{queue}} {{outcome}}': perSecond('messages_total{outcome=~"retried|requeued|parked"}', 'queue', 'outcome'),
      },
    },
    {
      title: 'Instances that consume',
      description: 'An instance does not consume while PostgreSQL, Temporal or RabbitMQ is unavailable to it.',
      unit: 'short',
      queries: { '{{job}}': 'sum by (job) (dependency_up{dependency="consumer"})' },
    },
    {
      title: 'Instances connected to RabbitMQ',
      description: 'Without RabbitMQ, orders are accepted and wait.',
      unit: 'short',
      queries: { '{{job}}': 'sum by (job) (dependency_up{dependency="broker"})' },
    },
  ],
};
