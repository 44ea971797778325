import { z } from 'zod';

/** The UUID that the original system reads if a field is missing, and sends for an order without a customer. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

const DASHED = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
// The library of the original does not look at the characters that stand for braces.
const FORMS = new RegExp(`^(?:(?:urn:uuid:)?(${DASHED})|\\p{ASCII}(${DASHED})\\p{ASCII}|([0-9a-f]{32}))$`, 'isu');

/** A UUID in each form that the original system reads: with or without dashes, in braces, as a URN. It becomes lower-case. */
export const uuid = z.string().transform((text, context) => {
  const [, plain, inBraces, digits] = FORMS.exec(text) ?? [];
  const found = plain ?? inBraces ?? digits;
  if (found === undefined) {
    context.addIssue('must be a UUID');
    return z.NEVER;
  }
  return found
    .toLowerCase()
    .replaceAll('-', '')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
});
