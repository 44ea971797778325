import { useEffect, useMemo, useState } from 'preact/hooks';
import { toProblem } from '../api/problem';
import { formatCount } from '../format/money';
import { exportOrders } from './export-orders';

interface ExportButtonProps {
  /** The filters and the sort, without a page. */
  query: URLSearchParams;
  /** How many orders match, in words. */
  total: string;
}

/** Exports the orders that match a query. The export ends if the reader leaves the list, or changes its filters. */
export function ExportButton({ query, total }: ExportButtonProps) {
  const [progress, setProgress] = useState('');
  const [isBusy, setBusy] = useState(false);
  const ending = useMemo(() => new AbortController(), []);
  useEffect(() => () => ending.abort(), []);

  const run = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    setProgress('Exporting …');
    try {
      const { rows, isComplete } = await exportOrders(query, {
        onProgress: (soFar) => setProgress(`Exporting, ${formatCount(soFar)} orders so far …`),
        signal: ending.signal,
      });
      const count = formatCount(rows);
      setProgress(
        isComplete
          ? `Exported ${count} ${rows === 1 ? 'order' : 'orders'}.`
          : `Exported the first ${count} of ${total}.`,
      );
    } catch (error) {
      const { title, detail } = toProblem(error);
      setProgress(`The export failed. ${title}. ${detail}`);
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <span role="status" class="muted">
        {progress}
      </span>
      {/* A button with the attribute `disabled` would lose the keyboard focus. */}
      <button type="button" aria-disabled={isBusy} onClick={() => void run()}>
        Export as CSV
      </button>
    </>
  );
}
