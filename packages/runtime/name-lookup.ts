import dns from 'node:dns';

type Callback = (...result: unknown[]) => void;
type Lookup = (hostname: string, ...optionsAndCallback: unknown[]) => void;

/**
 * Bounds how long look-ups of names that no server answers delay the exit of the process. Call it before any look-up.
 *
 * A look-up is a call of `getaddrinfo` in a thread that cannot be cancelled, and the exit waits for such threads. With the
 * defaults of glibc a call takes 10 to 20 seconds per name server, and a pool makes one call per connection, two of them at
 * a time. Therefore equal look-ups share one call, and a call takes 2 to 4 seconds, unless `RES_OPTIONS` says otherwise
 * (https://man7.org/linux/man-pages/man5/resolv.conf.5.html).
 */
export function boundNameLookups(): void {
  process.env['RES_OPTIONS'] ||= 'timeout:1 attempts:2';
  dns.lookup = shared(dns.lookup as Lookup) as typeof dns.lookup; // `net.connect` uses this property
}

/** Makes equal look-ups share the call of the first. */
export function shared(lookup: Lookup): Lookup {
  const waiting = new Map<string, Callback[]>();
  return (hostname, ...optionsAndCallback) => {
    const options = optionsAndCallback.slice(0, -1); // the options may be missing
    const callback = optionsAndCallback.at(-1) as Callback;
    const key = JSON.stringify([hostname, ...options]);
    const callbacks = waiting.get(key);
    if (callbacks) {
      callbacks.push(callback);
      return;
    }
    lookup(hostname, ...options, (...result: unknown[]) => {
      const called = waiting.get(key) ?? [];
      waiting.delete(key);
      for (const call of called) call(...result);
    });
    waiting.set(key, [callback]); // not if the call threw, because then it has no result
  };
}
