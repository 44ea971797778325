import { pause } from './pause';
import { retryAfterOf } from './retry-after';

/** A step of an order, as the event stream sends it. */
export interface OrderEvent {
  orderId: string;
  customerId: string | null;
  step: string;
  reason: string | null;
  time: string;
}

/** `delayed` if the service cannot read new events at the moment; `refused` if it will not send any. */
export type StreamState = 'connecting' | 'live' | 'delayed' | 'refused';

/** Position after the last event; kept when the connection breaks. */
export interface Position {
  lastId: string | null;
  /** When the service has sent anything, in milliseconds since 1970. */
  receivedAt: number;
}

export interface FollowOptions {
  /** Requests the stream after the event with an id; from its beginning if that is null. */
  open: (lastId: string | null, signal: AbortSignal) => Promise<Response>;
  position: Position;
  onEvent: (event: OrderEvent) => void;
  /** Called if the stream starts without a position: all orders from now, one order from its first step. */
  onBegin: () => void;
  onState: (state: StreamState) => void;
  signal: AbortSignal;
}

export const LIMITS = {
  /** The pause before the next try, unless the service names a longer one. */
  pauseMs: 2_000,
  /** A connection on which nothing arrives for longer is lost: the service sends a heartbeat every 15 s. */
  heartbeatTimeoutMs: 40_000,
  /** A stream that was interrupted for longer starts again without a position: loading the page costs less than those events. */
  maxResumeGapMs: 5 * 60_000,
};

/** Follows the events of orders until the signal aborts, or the service refuses the stream permanently. */
export async function followEvents(options: FollowOptions): Promise<void> {
  const { onState, signal } = options;
  while (!signal.aborted) {
    const pauseMs = await readStream(options).catch(() => LIMITS.pauseMs); // the stream broke, or there is no server
    if (signal.aborted) return;
    if (pauseMs === null) return onState('refused');
    onState('connecting');
    await pause(pauseMs, signal);
  }
}

/**
 * Reads one stream until it ends.
 *
 * @returns the pause before the next try, in milliseconds; null if the service refused the stream permanently
 */
async function readStream(options: FollowOptions): Promise<number | null> {
  const ending = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expectMore = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => ending.abort(), LIMITS.heartbeatTimeoutMs);
  };
  try {
    expectMore();
    const { position } = options;
    if (Date.now() - position.receivedAt > LIMITS.maxResumeGapMs) position.lastId = null;
    const response = await options.open(position.lastId, AbortSignal.any([options.signal, ending.signal]));
    if ([401, 403, 404].includes(response.status)) return null;
    if (response.status === 409) position.lastId = null; // the database was restored, and does not know the position
    if (!response.ok || !response.body) return Math.max(LIMITS.pauseMs, retryAfterOf(response.headers));
    options.onState('live');
    if (position.lastId === null) options.onBegin();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done || options.signal.aborted) return LIMITS.pauseMs; // the next stream repeats what was not received
      expectMore();
      position.receivedAt = Date.now();
      const blocks = (buffer + value).split('\n\n');
      buffer = blocks.pop() ?? '';
      for (const block of blocks) receive(block, options);
    }
  } finally {
    clearTimeout(timer);
    ending.abort(); // the connection is free for other requests, whatever is left to read
  }
}

/** Takes an event, or a comment such as a heartbeat. */
function receive(block: string, { position, onEvent, onState }: FollowOptions): void {
  const fields = new Map(block.split('\n').map((line) => splitField(line)));
  onState(fields.get('') === 'delayed' ? 'delayed' : 'live');
  const data = fields.get('data');
  if (data !== undefined) onEvent(JSON.parse(data) as OrderEvent);
  position.lastId = fields.get('id') ?? position.lastId;
}

function splitField(line: string): [string, string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1).trimStart()];
}
