/** Long texts are truncated: they are stored in the order's row, the workflow's result and its details. */
const MAX_LENGTH = 1_000;

/**
 * Makes text of another service safe to store and to show. Control characters become spaces: PostgreSQL rejects a NUL, and
 * a line break would end a row of the timeline.
 */
export const plainText = (text: string, maxLength = MAX_LENGTH): string =>
  text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, maxLength);

/** Makes text of another service safe to show as Markdown, whose special characters it escapes. */
export const markdownText = (text: string): string => plainText(text).replaceAll(/[\\|`*_[\]<>!#~&]/g, String.raw`\$&`);
