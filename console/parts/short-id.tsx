/** Shows the beginning of an id; the whole id is its title and what a screen reader reads. */
export function ShortId({ id, href }: { id: string; href?: string }) {
  const short = <code title={id}>{id.slice(0, 8)}</code>;
  return href === undefined ? short : <a href={href}>{short}</a>;
}
