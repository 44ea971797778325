const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** Formats a time in the reader's time zone. */
export const formatTime = (time: string | null): string =>
  time === null ? 'unknown' : dateTime.format(new Date(time));

/** Formats the start of a bucket of statistics: the time of day, or the date if buckets are longer than an hour. */
export const formatBucket = (start: string, bucketSeconds: number): string => {
  const date = new Date(start);
  if (bucketSeconds >= 86_400) return day.format(date);
  return bucketSeconds > 3_600 ? `${day.format(date)} ${clock.format(date)}` : clock.format(date);
};

const UNITS = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
] as const;

const inUnit = (count: number, unit: string, digits = 0): string =>
  new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: digits,
  }).format(count);

/** Formats a duration in its largest unit, such as `3 min`; below a minute with two significant decimals at most. */
export function formatDuration(seconds: number): string {
  for (const { unit, seconds: length } of UNITS) {
    if (seconds >= length) return inUnit(Math.floor(seconds / length), unit);
  }
  if (seconds > 0 && seconds < 1) return inUnit(Math.round(seconds * 1_000), 'millisecond');
  return inUnit(seconds, 'second', seconds < 10 ? 1 : 0);
}

/** Formats how long ago a time was. */
export const formatAge = (time: string, nowMs = Date.now()): string =>
  formatDuration(Math.max(0, Math.floor((nowMs - new Date(time).getTime()) / 1_000)));

/** Converts a time to the value of an input of the type `datetime-local`; empty if there is none. */
export function toLocalInput(time: string | null): string {
  if (time === null || Number.isNaN(Date.parse(time))) return '';
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Converts the value of such an input to a time; null if it is empty. */
export const fromLocalInput = (value: string): string | null => (value === '' ? null : new Date(value).toISOString());

/** Returns the last midnight in the reader's time zone. */
export const startOfToday = (now = new Date()): string =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString();
