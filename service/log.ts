import { pino, type Logger } from 'pino';

export type { Logger };

/** Structured logs, a JSON object a line, on standard output. */
export const createLog = (service: string, level: string): Logger =>
  pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
