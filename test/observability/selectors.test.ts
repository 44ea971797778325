import { expect, test } from '@jest/globals';
import { selectorsOf } from './selectors';

test.each([
  [
    'sum by (job) (rate(a_total{status=~"5..",route!~"/(b|c{d})"}[5m])) / 2 > 1e3',
    [String.raw`a_total{status=~"5..",route!~"/(b|c{d})"}`],
  ],
  ['label_replace(absent(a), "metric", "b", "", "") and on () up{job="c"} == 1', ['a', 'up{job="c"}']],
  ['clamp_min(a:b:count - 10 * (sum(rate(c[5m])) or vector(0)), 0) > bool 300', ['a:b:count', 'c']],
  ['histogram_quantile(0.99, sum by (le) (rate(a_bucket[1m]))) or {__name__="b"}', ['a_bucket', '{__name__="b"}']],
  ['# a comment\na offset 5m unless ignoring (b) c', ['a', 'c']],
])('finds the selectors of %s', (expression, selectors) => {
  expect(selectorsOf(expression)).toEqual(selectors);
});
