import { readFileSync } from 'node:fs';

/** Returns the resident memory of a process in MB: now (`VmRSS`), or the most since its start (`VmHWM`). */
export const residentMb = (pid: number, field: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
