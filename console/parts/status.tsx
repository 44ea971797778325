/** What each status looks like: a word and a sign, so that colour is not the only difference. */
const LOOKS: Record<string, { kind: 'good' | 'bad' | 'waiting' | 'neutral'; sign: string }> = {
  placed: { kind: 'waiting', sign: '…' },
  pending: { kind: 'waiting', sign: '…' },
  shipped: { kind: 'good', sign: '✓' },
  success: { kind: 'good', sign: '✓' },
  complete: { kind: 'good', sign: '✓' },
  cancelled: { kind: 'neutral', sign: '×' },
  failed: { kind: 'bad', sign: '!' },
  refunded: { kind: 'neutral', sign: '↩' },
  ready: { kind: 'good', sign: '✓' },
  'not ready': { kind: 'bad', sign: '!' },
  silent: { kind: 'bad', sign: '?' },
};

/** Shows a status as a word with a sign. */
export function Status({ value }: { value: string }) {
  const { kind, sign } = LOOKS[value] ?? { kind: 'neutral', sign: '•' };
  return (
    <span class={`status ${kind}`}>
      <span aria-hidden="true">{sign}</span> {value}
    </span>
  );
}
