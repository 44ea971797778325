import { useEffect, useState } from 'preact/hooks';

const isVisible = (): boolean => document.visibilityState === 'visible';

/** Returns whether the page is visible: not in another tab, and its window is not minimized. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(isVisible);
  useEffect(() => {
    const update = (): void => setVisible(isVisible());
    document.addEventListener('visibilitychange', update);
    update(); // it may have changed since the first rendering
    return () => document.removeEventListener('visibilitychange', update);
  }, []);
  return visible;
}
