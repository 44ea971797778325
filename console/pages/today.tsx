import { orders, read, type Statistics } from '../api/client';
import { useLoad } from '../api/use-load';
import { formatCount, formatMoney, formatWholeMoney } from '../format/money';
import { formatBucket, formatDuration, formatTime } from '../format/time';
import { completeBuckets } from '../statistics/complete-buckets';
import { BarChart, type Series } from '../parts/bar-chart';
import { LoadState } from '../parts/load-state';
import { Page } from '../parts/page';
import { usePlace } from '../router';

const WINDOWS = [
  { window: '1h', name: 'Last hour' },
  { window: '24h', name: 'Last 24 hours' },
  { window: '7d', name: 'Last 7 days' },
  { window: '30d', name: 'Last 30 days' },
] as const;

/** What became of recent orders. */
export function TodayPage() {
  const { query } = usePlace();
  const window = WINDOWS.find((one) => one.window === query.get('window'))?.window ?? '24h';
  const loaded = useLoad(
    `statistics ${window}`,
    (signal) => read(orders.GET('/orderManagement/statistics', { signal, params: { query: { window } } })),
    30_000,
  );
  return (
    <Page
      title="Today"
      aside={
        <nav class="links" aria-label="Period">
          {WINDOWS.map(({ window: value, name }) => (
            <a key={value} href={`/today?window=${value}`} aria-current={value === window ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
      }
    >
      <LoadState loaded={loaded} what="statistics">
        {(statistics) => <Charts statistics={statistics} />}
      </LoadState>
    </Page>
  );
}

function Charts({ statistics }: { statistics: Statistics }) {
  const { total, from, to, complete, bucketSeconds } = statistics;
  const count = total.placed + total.shipped + total.cancelled + total.refunded;
  if (count === 0) return <p class="empty">No orders in this period. Counted on {formatTime(to)}.</p>;
  const buckets = completeBuckets(statistics);
  const labels = buckets.map(({ start }) => formatBucket(start, bucketSeconds));
  const series = (kinds: readonly [keyof (typeof buckets)[number], string, Series['kind']][]): Series[] =>
    kinds.map(([field, name, kind]) => ({
      name,
      kind,
      values: buckets.map((bucket) => bucket[field] as number | null),
    }));
  return (
    <>
      {complete ? (
        <p class="muted">All orders of the period, counted on {formatTime(to)}.</p>
      ) : (
        <p class="note">
          Only the newest {formatCount(count)} orders are counted. The oldest of them was placed on {formatTime(from)}.
          Counted on {formatTime(to)}.
        </p>
      )}
      <dl class="tiles">
        <Tile name="Orders" value={formatCount(count)} />
        <Tile name="Shipped" value={formatMoney(total.shippedAmount)} />
        <Tile name="Refunded after shipping" value={formatMoney(total.refundedAmount)} />
        <Tile name="Half settled within" value={total.settleP50 === null ? '–' : formatDuration(total.settleP50)} />
        <Tile name="95 % settled within" value={total.settleP95 === null ? '–' : formatDuration(total.settleP95)} />
      </dl>
      <div class="charts">
        <BarChart
          title="Orders by outcome"
          labels={labels}
          format={formatCount}
          isStacked
          series={series([
            ['shipped', 'shipped', 'good'],
            ['placed', 'not settled', 'waiting'],
            ['cancelled', 'cancelled', 'neutral'],
            ['refunded', 'refunded after shipping', 'bad'],
          ])}
        />
        <BarChart
          title="Dollars by outcome"
          labels={labels}
          format={formatWholeMoney}
          isStacked
          series={series([
            ['shippedAmount', 'shipped', 'good'],
            ['placedAmount', 'not settled', 'waiting'],
            ['cancelledAmount', 'cancelled', 'neutral'],
            ['refundedAmount', 'refunded after shipping', 'bad'],
          ])}
        />
        <BarChart
          title="Time from acceptance to settlement"
          labels={labels}
          format={formatDuration}
          series={series([
            ['settleP50', 'half within', 'good'],
            ['settleP95', '95 % within', 'waiting'],
          ])}
        />
      </div>
    </>
  );
}

function Tile({ name, value }: { name: string; value: string }) {
  return (
    <div class="panel">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
