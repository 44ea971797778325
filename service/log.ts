import { pino, type Logger } from 'pino';

export type { Logger };

/**
 * Structured logs, a JSON object a line, on standard output. Each is written before the next statement runs: that costs
 * less than handing it to a thread, and the last lines are there however the process ends. Whoever reads them through a
 * pipe must keep up: where it is full, the service waits.
 */
export const createLog = (service: string, level: string): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 1, sync: true }),
  );
