import type { ComponentChildren } from 'preact';

interface TableProps {
  /** What the rows are, for screen readers. */
  name: string;
  /** Whether each row becomes a card on a phone. */
  isCards?: boolean;
  children: ComponentChildren;
}

/** A table that scrolls sideways if it is wider than the page, also with the keyboard. */
export function Table({ name, isCards = false, children }: TableProps) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Table: ${name}`}>
      <table class={isCards ? 'cards' : undefined}>{children}</table>
    </div>
  );
}
