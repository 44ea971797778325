import { z } from 'zod';

/** An object schema that takes its field names in any case, as the original's JSON decoder does. */
export const caseInsensitive = <S extends z.ZodObject>(schema: S) => {
  const names = new Map(Object.keys(schema.shape).map((name) => [name.toLowerCase(), name]));
  return z.preprocess((value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [names.get(key.toLowerCase()) ?? key, v]));
  }, schema);
};
