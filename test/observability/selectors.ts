const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const MATCHERS = String.raw`\{(?:[^}"]|${STRING})*\}`;
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;
const TOKEN = new RegExp(`${STRING}|\\[[^\\]]*\\]|\\b\\d[\\w.]*|[A-Za-z_:][\\w:]*(?:${MATCHERS})?|${MATCHERS}`, 'g');
const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'group_left', 'group_right', 'inf', 'nan']);

/**
 * Lists the selectors of a query, such as `up{job="a"}`, without their windows. A query can only return what Prometheus has
 * stored, if each of them matches a series.
 */
export function selectorsOf(expression: string): string[] {
  const query = expression.replaceAll(/^\s*#.*$/gm, '').replaceAll(GROUPING, ' ');
  const selectors = [...query.matchAll(TOKEN)]
    .filter(({ 0: token, index }) => /^[A-Za-z_:{]/.test(token) && !/^\s*\(/.test(query.slice(index + token.length)))
    .map(([token]) => token);
  return [...new Set(selectors)].filter((token) => !KEYWORDS.has(token.toLowerCase()));
}
