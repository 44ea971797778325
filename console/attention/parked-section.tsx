import { useState } from 'preact/hooks';
import { answerOf, orders, read, type ParkedMessage } from '../api/client';
import { useLoad } from '../api/use-load';
import { useConsole } from '../console-context';
import { formatCount } from '../format/money';
import { formatAge, formatTime } from '../format/time';
import { isId } from '../orders/order-query';
import { Dialog } from '../parts/dialog';
import { LoadState } from '../parts/load-state';
import { RELOAD_EVERY_MS } from './reload-every';
import type { Service } from './service';

interface Action {
  kind: 'retry' | 'discard';
  /** The selected messages that are shown. */
  messages: readonly ParkedMessage[];
  /** How many are selected. More than are shown means all that are parked. */
  count: number;
}

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
    RELOAD_EVERY_MS,
  );
  const [action, setAction] = useState<Action | null>(null);
  const [done, setDone] = useState('');

  const act = async ({ kind, messages, count }: Action): Promise<void> => {
    const body = count > messages.length ? { all: true as const } : { ids: messages.map(({ id }) => id) };
    try {
      const handled = await (isOrders
        ? read(orders.POST(`/orderManagement/parked-messages/${kind}`, { body }))
        : read(payments.POST(`/paymentProcessing/parked-messages/${kind}`, { body })));
      setDone(handled.message);
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
          const actOnAll = (kind: Action['kind']) => setAction({ kind, messages: data, count });
          return (
            <>
              <div class="row">
                <p class="grow">
                  {formatCount(count)} parked{count > data.length && `, the oldest ${data.length} are shown`}
                </p>
                <button type="button" onClick={() => actOnAll('retry')}>
                  Retry all
                </button>
                <button type="button" class="danger" onClick={() => actOnAll('discard')}>
                  Discard all
                </button>
              </div>
              <ul class="plain messages">
                {data.map((message) => (
                  <Message
                    key={message.id}
                    message={message}
                    onAct={(kind) => setAction({ kind, messages: [message], count: 1 })}
                  />
                ))}
              </ul>
            </>
          );
        }}
      </LoadState>
      {action && <ActionDialog {...action} onConfirm={() => act(action)} onClose={() => setAction(null)} />}
    </section>
  );
}

interface ActionDialogProps extends Action {
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Says which messages an action handles, and what happens to them. */
function ActionDialog({ kind, messages, count, onConfirm, onClose }: ActionDialogProps) {
  const isRetry = kind === 'retry';
  const isAll = count > messages.length;
  const [message] = messages;
  const which = count === 1 ? 'this message' : `${isAll ? 'all' : 'these'} ${formatCount(count)} messages`;
  return (
    <Dialog
      title={`${isRetry ? 'Retry' : 'Discard'} ${which}?`}
      action={isRetry ? 'Retry' : 'Discard'}
      ifRepeated={
        isAll
          ? `messages that were parked meanwhile are ${isRetry ? 'retried' : 'deleted'}, too. To see them, close the dialog first.`
          : isRetry
            ? 'a message that is no longer parked is not retried.'
            : 'no other message is deleted.'
      }
      isDangerous={!isRetry}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      {count === 1 && message && (
        <p>
          <code>{message.id}</code>: {reasonOf(message)}
        </p>
      )}
      {isAll && (
        <p>This includes messages that the page does not show, and messages that are parked before you confirm.</p>
      )}
      <p>
        {isRetry
          ? 'Each message returns to its queue. The service parks it again if it still cannot handle it.'
          : 'Each message is deleted and cannot be recovered. The service log keeps its first 20,000 characters.'}
      </p>
      {isAll && <p>One request handles messages for at most 20 seconds. The result shows how many are still parked.</p>}
    </Dialog>
  );
}

const reasonOf = ({ reason }: ParkedMessage): string => reason || 'No reason is known.';

interface MessageProps {
  message: ParkedMessage;
  onAct: (kind: Action['kind']) => void;
}

function Message({ message, onAct }: MessageProps) {
  const { id, firstSeen, headers, body } = message;
  const orderId = orderIdIn(body);
  return (
    <li>
      <p>
        <strong>{reasonOf(message)}</strong>
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
