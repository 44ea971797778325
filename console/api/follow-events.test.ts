import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { followEvents, LIMITS, type Position } from './follow-events';

/** What the service sends on one connection. */
interface Stream {
  send: (text: string) => void;
  end: () => void;
  isAborted: () => boolean;
  after: string | null;
}

let streams: Stream[];
/** The answers to the first requests; the others are streams. */
let refusals: Response[];
let position: Position;
let ending: AbortController;
const called: string[] = [];

beforeEach(() => {
  jest.useFakeTimers();
  [streams, refusals, ending, position] = [[], [], new AbortController(), { lastId: null, receivedAt: 0 }];
  called.length = 0;
});
afterEach(() => {
  ending.abort();
  jest.useRealTimers();
});

async function open(after: string | null, signal: AbortSignal): Promise<Response> {
  const refused = refusals.shift();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (started) => void (controller = started) });
  streams.push({
    send: (text) => controller.enqueue(new TextEncoder().encode(text)),
    end: () => controller.close(),
    isAborted: () => signal.aborted,
    after,
  });
  signal.addEventListener('abort', () => controller.error(signal.reason));
  return refused ?? new Response(body);
}

/** Starts to follow all orders. What is called is recorded in `called`. */
async function follow(): Promise<void> {
  let current = '';
  const onState = (state: string): void => {
    if (state !== current) called.push(state);
    current = state;
  };
  void followEvents({
    open,
    position,
    onEvent: ({ step }) => called.push(step),
    onBegin: () => called.push('begin'),
    onState,
    signal: ending.signal,
  });
  await pass(0);
}

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
const event = (id: string, step: string): string => `id: ${id}\nevent: ${step}\ndata: ${JSON.stringify({ step })}\n\n`;
const refusal = (status: number, headers: Record<string, string> = {}): Response =>
  new Response(null, { status, headers });

test('starts without a position, and continues after the last event if the stream breaks', async () => {
  await follow();
  streams.at(0)?.send(event('7-1', 'accepted') + event('7-2', 'paid').slice(0, 20));
  streams.at(0)?.send(event('7-2', 'paid').slice(20));
  await pass(0);
  streams.at(0)?.end();
  await pass(LIMITS.pauseMs);

  expect(called).toEqual(['live', 'begin', 'accepted', 'paid', 'connecting', 'live']);
  expect(streams.map(({ after }) => after)).toEqual([null, '7-2']);
});

test('starts again if the database does not know the position', async () => {
  position = { lastId: '9-9', receivedAt: Date.now() };
  refusals = [refusal(409)];
  await follow();
  await pass(LIMITS.pauseMs);

  expect(called).toEqual(['connecting', 'live', 'begin']);
});

test('starts again after a long interruption, and does not request every event since then', async () => {
  position = { lastId: '7-1', receivedAt: Date.now() - LIMITS.maxResumeGapMs - 1 };
  await follow();

  expect(called).toEqual(['live', 'begin']);
  expect(streams.at(0)?.after).toBeNull();
});

test('is not live on a connection without heartbeats, and connects again', async () => {
  await follow();
  for (let beat = 0; beat < 4; beat++) {
    streams.at(0)?.send(': heartbeat\nid: 7-1\n\n');
    await pass(15_000);
  }
  expect(called).toEqual(['live', 'begin']);

  await pass(LIMITS.heartbeatTimeoutMs);
  expect(called).toEqual(['live', 'begin', 'connecting', 'live']);
  expect(streams.at(0)?.isAborted()).toBe(true);
  expect(streams.at(1)?.after).toBe('7-1');
});

test('is delayed, not live, while the service cannot read events', async () => {
  await follow();
  streams.at(0)?.send(': delayed\nid: 7-1\n\n');
  await pass(0);
  expect(called.at(-1)).toBe('delayed');

  streams.at(0)?.send(': heartbeat\nid: 7-1\n\n');
  await pass(0);
  expect(called.at(-1)).toBe('live');
  expect(streams).toHaveLength(1);
});

test.each([401, 403, 404])('does not repeat a request that was refused with %d', async (status) => {
  refusals = [refusal(status)];
  await follow();
  await pass(60_000);

  expect(called).toEqual(['refused']);
  expect(streams).toHaveLength(1);
});

test.each([429, 503])('waits for Retry-After after %d', async (status) => {
  refusals = [refusal(status, { 'Retry-After': '30' })];
  await follow();
  await pass(29_000);
  expect(streams).toHaveLength(1);

  await pass(1_000);
  expect(called).toEqual(['connecting', 'live', 'begin']);
});

test('closes the connection when it ends, and calls nothing more', async () => {
  await follow();
  ending.abort();
  await pass(60_000);

  expect(streams.map(({ isAborted }) => isAborted())).toEqual([true]);
  expect(called).toEqual(['live', 'begin']);
});
