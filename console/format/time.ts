const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const utcDay = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  timeZone: 'UTC',
  timeZoneName: 'short',
});

/** Formats a time in the reader's time zone. */
export const formatTime = (time: string | null): string =>
  time === null ? 'unknown' : dateTime.format(new Date(time));

/**
 * Formats the start of a bucket of statistics: the time of day, with the date if buckets are longer than an hour. Buckets of a
 * day are days of UTC, whatever the time zone of the reader is.
 */
export const formatBucket = (start: string, bucketSeconds: number): string => {
  const date = new Date(start);
  if (bucketSeconds >= 86_400) return utcDay.format(date);
  return bucketSeconds > 3_600 ? `${day.format(date)} ${clock.format(date)}` : clock.format(date);
};

/** The units of a long duration, and the next smaller unit of each. */
const UNITS = [
  { unit: 'day', seconds: 86_400, part: { unit: 'hour', seconds: 3_600 } },
  { unit: 'hour', seconds: 3_600, part: { unit: 'minute', seconds: 60 } },
  { unit: 'minute', seconds: 60, part: { unit: 'second', seconds: 1 } },
] as const;

const inUnit = (count: number, unit: string, digits = 0): string =>
  new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: digits,
  }).format(count);

/** Formats a duration in its two largest units, such as `1 min 59 sec`; below ten seconds with one decimal. */
export function formatDuration(seconds: number): string {
  for (const { unit, seconds: length, part } of UNITS) {
    const parts = Math.round(seconds / part.seconds);
    const partsPerUnit = length / part.seconds;
    if (parts < partsPerUnit) continue;
    const rest = parts % partsPerUnit;
    const whole = inUnit((parts - rest) / partsPerUnit, unit);
    return rest === 0 ? whole : `${whole} ${inUnit(rest, part.unit)}`;
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
