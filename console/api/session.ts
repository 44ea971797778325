/**
 * The credential of the reader. It is kept in the memory of the page and in the session storage of its tab, so that a reload
 * does not require a new sign-in. Other tabs, a closed tab and later visits do not have it.
 */
const KEY = 'credential';

let credential: string | null = sessionStorage.getItem(KEY);
const listeners = new Set<() => void>();

/** Returns the credential, null if the reader has not signed in. */
export const readCredential = (): string | null => credential;

/** Keeps a credential that the service has accepted. */
export function keepCredential(value: string): void {
  credential = value;
  sessionStorage.setItem(KEY, value);
}

/** Forgets the credential, because the reader signs out or the service no longer accepts it. */
export function forgetCredential(): void {
  if (credential === null) return;
  credential = null;
  sessionStorage.removeItem(KEY);
  for (const listener of listeners) listener();
}

/** Calls a function whenever the credential is forgotten. @returns a function that ends this */
export function onForgotten(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
