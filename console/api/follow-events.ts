import { readCredential } from './session';

/** A step of an order, as the event stream sends it. */
export interface OrderEvent {
  orderId: string;
  customerId: string | null;
  step: string;
  reason: string | null;
  time: string;
}

export interface FollowOptions {
  /** The order to follow; all orders if it is null. */
  orderId: string | null;
  onEvent: (event: OrderEvent) => void;
  /** Called when the stream of all orders begins at the present, not after a known event: earlier events are not received. */
  onGap: () => void;
  /** Called when the stream begins, and when it breaks. */
  onState: (isLive: boolean) => void;
  signal: AbortSignal;
}

const PAUSE_MS = 2_000;

/** Follows the events of orders until the signal aborts. Continues after an interruption without a gap. */
export async function followEvents({ orderId, signal, ...listeners }: FollowOptions): Promise<void> {
  const path = orderId === null ? '/orderManagement/order/events' : `/orderManagement/order/${orderId}/events`;
  const position: Position = { lastId: null };
  while (!signal.aborted) {
    try {
      await readStream(path, position, { orderId, signal, ...listeners });
    } catch {
      // The stream broke, or the server is unavailable. The next try continues after the last event.
    }
    listeners.onState(false);
    if (!signal.aborted) await pause(PAUSE_MS, signal);
  }
}

/** Where the stream is: after the last event, or where it began. It outlives a stream that breaks. */
interface Position {
  lastId: string | null;
}

async function readStream(
  path: string,
  position: Position,
  { orderId, onEvent, onGap, onState, signal }: FollowOptions,
): Promise<void> {
  const credential = readCredential();
  const response = await fetch(path, {
    signal,
    headers: {
      ...(credential !== null && { Authorization: `Bearer ${credential}` }),
      ...(position.lastId !== null && { 'Last-Event-ID': position.lastId }),
    },
  });
  if (response.status === 409) position.lastId = null; // the database was restored, and does not know the position
  if (!response.ok || !response.body) return;
  onState(true);
  if (orderId === null && position.lastId === null) onGap();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (buffer + value).split('\n\n');
    buffer = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => splitField(line)));
      const data = fields.get('data');
      if (data !== undefined) onEvent(JSON.parse(data) as OrderEvent);
      position.lastId = fields.get('id') ?? position.lastId;
    }
  }
}

function splitField(line: string): [string, string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1).trimStart()];
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
