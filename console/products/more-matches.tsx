import { formatCount } from '../format/money';

/** Says how many of the matching products a table leaves out, if it shows only the first `shown`. */
export function MoreMatches({ matches, shown }: { matches: number; shown: number }) {
  if (matches <= shown) return null;
  return <p class="muted">{formatCount(matches - shown)} more products match. Type more of the name.</p>;
}
