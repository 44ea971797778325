import { pino, type DestinationStream, type Logger } from 'pino';
import { traceFields } from './tracing/active-trace';

export type { Logger };

/**
 * Creates a logger that writes JSON, one line per event, to standard output. Call it once per process.
 *
 * @param withTraces whether lines contain the ids of the active trace and span
 */
export const createLog = (service: string, level: string, { withTraces = false } = {}): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      ...(withTraces && { mixin: traceFields }),
      redact: { paths: ['err.cert'], remove: true }, // Node adds the whole certificate, about 4 KB, to some TLS errors
    },
    standardOutput(),
  );

const OUTPUT = {
  /** Further lines are dropped while this many bytes wait because the disk is full or the reader is slow. */
  maxWaitingBytes: 4 * 2 ** 20,
  /** Lines that wait are written with the next line, but at the latest after this time. */
  retryMs: 1_000,
  /** How long the end of the process may wait for a slow reader. */
  exitMs: 3_000,
};

/**
 * Opens standard output. Each line is written immediately, so that none is lost or reordered when the process exits.
 * If a line cannot be written, it waits in memory; logging never fails and never blocks a request.
 */
function standardOutput(): DestinationStream {
  let exitBy: number | null = null;
  const output = pino.destination({
    dest: process.stdout.fd, // Node makes a pipe non-blocking when `process.stdout` is first read
    sync: true,
    maxLength: OUTPUT.maxWaitingBytes,
    minLength: 1, // `periodicFlush` does nothing without it
    periodicFlush: OUTPUT.retryMs,
    retryEAGAIN: () => exitBy !== null && Date.now() < exitBy, // sonic-boom blocks for 100 ms, then tries again
  });
  output.on('error', () => undefined);
  process.on('exit', () => {
    exitBy = Date.now() + OUTPUT.exitMs;
    output.flush();
  });
  // Not `output` itself: pino would call its `flushSync` after a fatal error, which never returns on a full disk.
  return { write: (line) => void output.write(line) };
}
