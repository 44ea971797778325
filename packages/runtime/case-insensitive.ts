import { z } from 'zod';

/** Makes an object schema accept its field names in any case, as the JSON decoder of the original system does. */
export const caseInsensitive = <S extends z.ZodObject>(schema: S) => {
  const names = new Map(Object.keys(schema.shape).map((name) => [name.toLowerCase(), name]));
  return z.preprocess((value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [names.get(key.toLowerCase()) ?? key, v]));
  }, schema);
};
