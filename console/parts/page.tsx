import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useKeptFocus } from './use-kept-focus';

interface PageProps {
  title: string;
  /** What stands beside the title. */
  aside?: ComponentChildren;
  children: ComponentChildren;
}

/** A page with its title, which gets the focus so that a screen reader announces it. */
export function Page({ title, aside, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – Shop console`;
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  const main = useRef<HTMLElement>(null);
  useKeptFocus(main, heading);
  return (
    <main id="main" ref={main}>
      <header class="page-title">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {aside}
      </header>
      {children}
    </main>
  );
}
