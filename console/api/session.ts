/**
 * The credential of the reader. It is kept in the memory of the page and in the session storage of its tab, so that a reload
 * does not require a new sign-in. A browser copies this storage to a duplicate of the tab, and restores it with a tab that
 * was closed. The credential is therefore forgotten when the tab has not been used for `IDLE_MS`.
 */
const KEY = 'credential';
const USED_AT = 'used-at';
const IDLE_MS = 60 * 60_000;
const CHECK_EVERY_MS = 10_000;

const isIdle = (): boolean => Date.now() - Number(sessionStorage.getItem(USED_AT)) > IDLE_MS;

let credential: string | null = sessionStorage.getItem(KEY);
const listeners = new Set<() => void>();

/** Returns the credential, null if the reader has not signed in. */
export const readCredential = (): string | null => credential;

/** Keeps a credential that the service has accepted. */
export function keepCredential(value: string): void {
  credential = value;
  sessionStorage.setItem(KEY, value);
  sessionStorage.setItem(USED_AT, String(Date.now()));
}

/** Forgets the credential, because the reader signs out, leaves the tab unused, or the service no longer accepts it. */
export function forgetCredential(): void {
  if (credential === null) return;
  credential = null;
  sessionStorage.clear();
  for (const listener of listeners) listener();
}

/** Calls a function whenever the credential is forgotten. @returns a function that ends this */
export function onForgotten(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function forgetIfIdle(): void {
  if (credential !== null && isIdle()) forgetCredential();
}

/** Records use of the tab. First signs out if the tab was idle too long, because the browser may have suspended the timer. */
function recordUse(): void {
  forgetIfIdle();
  if (credential !== null) sessionStorage.setItem(USED_AT, String(Date.now()));
}

forgetIfIdle();
setInterval(forgetIfIdle, CHECK_EVERY_MS);
for (const use of ['keydown', 'pointerdown']) addEventListener(use, recordUse, true);
