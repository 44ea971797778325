import { useLayoutEffect, useState } from 'preact/hooks';

/** The path and the query of the address. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

const CHANGED = 'placechanged';

const readPlace = (): Place => ({
  path: location.pathname.replace(/(?<=.)\/+$/, ''),
  query: new URLSearchParams(location.search),
});

/** Goes to an address of the console. @param replace whether the current address leaves the history */
export function navigate(address: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  dispatchEvent(new Event(CHANGED));
}

/** Returns the current address, and renders again when it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(readPlace);
  // Listens before the reader can act: an effect that is not a layout effect begins after the page is shown.
  useLayoutEffect(() => {
    const update = (): void => setPlace(readPlace());
    addEventListener('popstate', update);
    addEventListener(CHANGED, update);
    return () => {
      removeEventListener('popstate', update);
      removeEventListener(CHANGED, update);
    };
  }, []);
  return place;
}

/** Follows links of the console without loading the page again. Modified clicks keep their meaning. */
export function followLink(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || link.target || link.hasAttribute('download')) return;
  if (link.origin !== location.origin || link.hash || !isConsolePath(link.pathname)) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
  scrollTo(0, 0);
}

/** The paths of the console; order-management/http/console-pages.ts serves the same ones. */
const isConsolePath = (path: string): boolean =>
  /^\/(orders(\/[^/]+)?|place|catalog|customers|attention|today)?$/.test(path);
