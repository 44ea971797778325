import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/** Structured logs, a JSON object a line, on standard output. */
export const createLog = (service: string, level: string): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    standardOutput(),
  );

const WAITING_BYTES = 4 * 2 ** 20; // lines beyond them are dropped

/**
 * Standard output, written by another thread. Where it cannot be written, its disk being full, a service goes on: the
 * lines wait in memory, and are tried again with the next one.
 */
function standardOutput(): DestinationStream {
  const output = pino.destination({ dest: process.stdout.fd, sync: false, maxLength: WAITING_BYTES });
  let stuck = false;
  output.on('error', () => (stuck = true)).on('write', () => (stuck = false));
  const flush = output.flushSync.bind(output);
  output.flushSync = () => {
    if (!stuck) flush(); // which, at the end of a process, would try for as long as the disk is full
  };
  return output;
}
