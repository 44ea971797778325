import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { followEvents, type FollowOptions, type Position, type StreamState } from './follow-events';
import { openStream } from './open-stream';
import { useVisible } from './use-visible';

/**
 * Calls a function for each event of an order, or of all orders, while the page is visible. A browser opens at most six
 * connections to a service: streams of hidden tabs would leave none for the visible one.
 *
 * @param onBegin called if the stream starts without a position: what the page has read or received before may be out of date
 */
export function useEvents(
  orderId: string | null,
  onEvent: FollowOptions['onEvent'],
  onBegin: FollowOptions['onBegin'],
): StreamState {
  const [state, setState] = useState<StreamState>('connecting');
  const isVisible = useVisible();
  const position = useMemo<Position>(() => ({ lastId: null, receivedAt: 0 }), [orderId]);
  const latest = useRef({ onEvent, onBegin });
  latest.current = { onEvent, onBegin };
  useEffect(() => {
    if (!isVisible) return undefined;
    setState('connecting');
    const ending = new AbortController();
    void followEvents({
      open: (lastId, signal) => openStream(orderId, lastId, signal),
      position,
      onEvent: (event) => latest.current.onEvent(event),
      onBegin: () => latest.current.onBegin(),
      onState: setState,
      signal: ending.signal,
    });
    return () => ending.abort();
  }, [orderId, position, isVisible]);
  return state;
}
