/** Internal details that no response may contain: stack traces, file names, libraries, queries. */
export const INTERNAL_DETAILS =
  /\n\s+at |node_modules|node:internal|\/(home|root|tmp|usr|app|srv)\/|\b\w+\.(ts|js)\b|Prisma|invocation|SELECT|INSERT|UPDATE |postgres|ECONN|HPE_|(Type|Syntax|Range|Reference)Error|undefined/;
