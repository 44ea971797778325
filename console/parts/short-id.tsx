/** Shows the beginning of an id, as a link to a page that shows the whole id. */
export const ShortId = ({ id, href }: { id: string; href: string }) => (
  <a href={href}>
    <code>{id.slice(0, 8)}</code>
  </a>
);
