import { useEffect, useRef, useState } from 'preact/hooks';
import { followEvents, type OrderEvent } from './follow-events';

/** Calls a function for each event of an order, or of all orders. @returns whether the stream is connected */
export function useEvents(orderId: string | null, onEvent: (event: OrderEvent) => void): boolean {
  const [isLive, setLive] = useState(false);
  const latest = useRef(onEvent);
  latest.current = onEvent;
  useEffect(() => {
    const ending = new AbortController();
    void followEvents({
      orderId,
      onEvent: (event) => latest.current(event),
      onState: setLive,
      signal: ending.signal,
    });
    return () => ending.abort();
  }, [orderId]);
  return isLive;
}
