import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/**
 * Gives the focus to another element when the element that has it is removed. The browser would give it to the body, and Tab
 * would begin again at the top of the document.
 */
export function useKeptFocus(area: RefObject<HTMLElement | null>, instead: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    let focused: Element | null = null;
    const remember = ({ target }: FocusEvent): void => {
      focused = target instanceof Element ? target : null;
    };
    const observer = new MutationObserver(() => {
      if (focused === null || focused.isConnected || document.activeElement !== document.body) return;
      focused = null;
      instead.current?.focus({ preventScroll: true });
    });
    const within = area.current!;
    within.addEventListener('focusin', remember);
    observer.observe(within, { childList: true, subtree: true });
    return () => {
      within.removeEventListener('focusin', remember);
      observer.disconnect();
    };
  }, []);
}
