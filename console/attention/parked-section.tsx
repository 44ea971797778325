import { useState } from 'preact/hooks';
import { answerOf, orders, read, type ParkedMessage } from '../api/client';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { formatCount } from '../format/money';
import { formatAge, formatTime } from '../format/time';
import { isId } from '../orders/order-query';
import { Dialog } from '../parts/dialog';
import { LoadState } from '../parts/load-state';
import type { Service } from './service';

const EVERY_MS = 10_000;

interface Action {
  kind: 'retry' | 'discard';
  /** The selected message; all messages if it is null. */
  message: ParkedMessage | null;
}

const IF_REPEATED = {
  retry: {
    one: 'a message that is no longer parked is not retried.',
    all: 'only the messages that are still parked are retried.',
  },
  discard: {
    one: 'no other message is deleted.',
    all: 'messages that were parked meanwhile are deleted, too. To see them, close the dialog first.',
  },
};

/** The messages that a service could not handle. */
export function ParkedSection({ service }: { service: Service }) {
  const { payments } = useConsole();
  const isOrders = service === 'order-management';
  const params = { query: { limit: 100 } };
  const loaded = useLoad(
    `parked ${service}`,
    (signal) =>
      isOrders
        ? answerOf(orders.GET('/orderManagement/parked-messages', { signal, params }))
        : answerOf(payments.GET('/paymentProcessing/parked-messages', { signal, params })),
    EVERY_MS,
  );
  const [action, setAction] = useState<Action | null>(null);
  const [done, setDone] = useState('');

  const act = async ({ kind, message }: Action): Promise<void> => {
    const body = message ? { ids: [message.id] } : { all: true as const };
    try {
      const handled = await (isOrders
        ? read(orders.POST(`/orderManagement/parked-messages/${kind}`, { body }))
        : read(payments.POST(`/paymentProcessing/parked-messages/${kind}`, { body })));
      const isMissing = message !== null && handled.ids.length === 0;
      setDone(isMissing ? 'The message is no longer parked: it was retried or discarded before.' : handled.message);
    } finally {
      loaded.reload();
    }
  };

  const id = `parked-${service}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>Parked messages of {service}</h2>
      {done && (
        <p class="note" role="status">
          {done}
        </p>
      )}
      <LoadState loaded={loaded} what="parked messages">
        {({ data, headers }) => {
          const count = Number(headers.get('x-total-count'));
          if (data.length === 0) return <p class="empty">No message is parked.</p>;
          return (
            <>
              <div class="row">
                <p class="grow">
                  {formatCount(count)} parked{count > data.length && `, the oldest ${data.length} are shown`}
                </p>
                <button type="button" onClick={() => setAction({ kind: 'retry', message: null })}>
                  Retry all
                </button>
                <button type="button" class="danger" onClick={() => setAction({ kind: 'discard', message: null })}>
                  Discard all
                </button>
              </div>
              <ul class="plain messages">
                {data.map((message) => (
                  <Message key={message.id} message={message} onAct={(kind) => setAction({ kind, message })} />
                ))}
              </ul>
            </>
          );
        }}
      </LoadState>
      {action && (
        <Dialog
          title={`${action.kind === 'retry' ? 'Retry' : 'Discard'} ${action.message ? 'this message' : 'all parked messages'}?`}
          action={action.kind === 'retry' ? 'Retry' : 'Discard'}
          ifRepeated={IF_REPEATED[action.kind][action.message ? 'one' : 'all']}
          isDangerous={action.kind === 'discard'}
          onConfirm={() => act(action)}
          onClose={() => setAction(null)}
        >
          <p>
            {action.kind === 'retry'
              ? 'The service receives it again. If it still cannot handle it, it is parked again.'
              : 'It is deleted and cannot be recovered, except from the log of the service.'}
          </p>
        </Dialog>
      )}
    </section>
  );
}

interface MessageProps {
  message: ParkedMessage;
  onAct: (kind: Action['kind']) => void;
}

function Message({ message, onAct }: MessageProps) {
  const { id, reason, firstSeen, headers, body } = message;
  const orderId = orderIdIn(body);
  return (
    <li>
      <p>
        <strong>{reason || 'No reason is known.'}</strong>
      </p>
      <p class="muted">
        <code>{id}</code>, first seen{' '}
        {firstSeen === null ? 'at an unknown time' : `${formatTime(firstSeen)}, ${formatAge(firstSeen)} ago`}
        {orderId && (
          <>
            , <a href={`/orders/${orderId}`}>its order</a>
          </>
        )}
      </p>
      <pre tabIndex={0} aria-label={`Body of message ${id}`}>
        {body}
      </pre>
      <details>
        <summary>Headers of message {id}</summary>
        <pre tabIndex={0} aria-label={`Headers of message ${id}`}>
          {Object.entries(headers)
            .map(([name, value]) => `${name}: ${value}`)
            .join('\n')}
        </pre>
      </details>
      <div class="actions">
        <button type="button" aria-label={`Retry message ${id}`} onClick={() => onAct('retry')}>
          Retry
        </button>
        <button type="button" class="danger" aria-label={`Discard message ${id}`} onClick={() => onAct('discard')}>
          Discard
        </button>
      </div>
    </li>
  );
}

/** Returns the id of the order in a message; null if there is none. */
function orderIdIn(body: string): string | null {
  try {
    const { orderId } = JSON.parse(body) as { orderId?: unknown };
    return typeof orderId === 'string' && isId(orderId) ? orderId : null;
  } catch {
    return null;
  }
}
