import { useEffect, useRef, useState } from 'preact/hooks';
import { followEvents, type OrderEvent } from './follow-events';

/**
 * Calls a function for each event of an order, or of all orders.
 *
 * @param onGap called if events of all orders may have been missed, because the stream begins at the present
 * @returns whether the stream is connected
 */
export function useEvents(
  orderId: string | null,
  onEvent: (event: OrderEvent) => void,
  onGap: () => void = () => undefined,
): boolean {
  const [isLive, setLive] = useState(false);
  const latest = useRef({ onEvent, onGap });
  latest.current = { onEvent, onGap };
  useEffect(() => {
    const ending = new AbortController();
    void followEvents({
      orderId,
      onEvent: (event) => latest.current.onEvent(event),
      onGap: () => latest.current.onGap(),
      onState: setLive,
      signal: ending.signal,
    });
    return () => ending.abort();
  }, [orderId]);
  return isLive;
}
