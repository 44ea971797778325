import { connect } from 'node:net';
import type { HostileLoad } from './hostile-load';
import { LIMITS } from './limits';

const BYTE_EVERY_MS = 1_000;
const POST = 'POST /orderManagement/order HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const LARGE = `${POST}Content-Length: ${2 ** 20 + 1}\r\n\r\n`;

/** Clients whose requests arrive byte by byte, and one that announces more than the limit. */
export const slowRequests: HostileLoad = {
  title: 'headers and bodies that arrive byte by byte, and one over the limit',
  seconds: 35,
  apply: async (port, ended) => {
    const [refusal, headers, body] = await Promise.all([
      send(port, LARGE, '', ended),
      send(port, 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 'x', ended),
      send(port, `${POST}Content-Length: 1000\r\n\r\n`, ' ', ended),
    ]);
    const refused = refusal.firstByteMs === null ? 'not refused' : `refused after ${refusal.firstByteMs.toFixed(0)} ms`;
    return {
      text: `over the limit: ${refused}; headers: ${closeOf(headers)}; body: ${closeOf(body)}`,
      problems: [
        ...(exceeds(refusal.firstByteMs, LIMITS.refusalMs) ? ['refusal of a large body'] : []),
        ...(exceeds(headers.closedMs, LIMITS.slowRequestMs) ? ['slow headers'] : []),
        ...(exceeds(body.closedMs, LIMITS.slowRequestMs) ? ['slow body'] : []),
      ],
    };
  },
};

const closeOf = ({ closedMs }: Outcome): string =>
  closedMs === null ? 'not closed' : `closed after ${(closedMs / 1_000).toFixed(1)} s`;
const exceeds = (ms: number | null, limit: number): boolean => ms === null || ms > limit;

interface Outcome {
  /** Until the response began; null if there was none. */
  firstByteMs: number | null;
  /** Until the server closed the connection; null if it did not. */
  closedMs: number | null;
}

/** Sends the beginning of a request, then a byte every second until the server closes the connection. */
function send(port: number, beginning: string, byte: string, ended: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const outcome: Outcome = { firstByteMs: null, closedMs: null };
    const beganAt = performance.now();
    const elapsed = (): number => performance.now() - beganAt;
    const socket = connect(port, '127.0.0.1', () => socket.write(beginning));
    const timer = setInterval(() => byte && socket.write(byte), BYTE_EVERY_MS);
    ended.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.on('data', () => (outcome.firstByteMs ??= elapsed()));
    socket.on('error', () => undefined); // closed while a byte is on its way
    socket.on('close', () => {
      clearInterval(timer);
      if (!ended.aborted) outcome.closedMs = elapsed();
      resolve(outcome);
    });
  });
}
