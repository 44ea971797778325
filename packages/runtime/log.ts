import { writeFileSync } from 'node:fs';
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
  const fd = process.stdout.fd;
  const output = pino.destination({ dest: fd, sync: false, maxLength: WAITING_BYTES });
  output.on('error', () => undefined);
  // At the end of a process, and after what is fatal: once, where its own would try for as long as the disk is full.
  const { _bufs: waiting } = output as unknown as { _bufs: string[] };
  output.flushSync = () => {
    const lines = waiting.splice(0).join('');
    try {
      writeFileSync(fd, lines);
    } catch {
      // Nowhere to say it.
    }
  };
  return output;
}
