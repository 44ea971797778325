import type { StreamState } from '../api/follow-events';

const TEXTS: Record<StreamState, string> = {
  connecting: '○ Connecting …',
  live: '● Live',
  delayed: '○ Delayed',
  refused: '',
};

/** Shows whether a page receives events. */
export const Live = ({ state }: { state: StreamState }) => (
  <span class="live" role="status">
    {TEXTS[state]}
  </span>
);
