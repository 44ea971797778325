import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

/** A JSON Schema of the dialect 2020-12, which OpenAPI 3.1 uses. */
export interface JsonSchema {
  [keyword: string]: unknown;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

/**
 * Converts zod schemas to JSON Schemas. A schema whose metadata has an `id` becomes a component, which the others
 * reference.
 */
export class SchemaComponents {
  private readonly components = new Map<string, JsonSchema>();

  /** What a client sends: before transformations and defaults. */
  input = (schema: z.ZodType): JsonSchema => this.convert(schema, 'input');

  /** What a service answers. */
  output = (schema: z.ZodType): JsonSchema => this.convert(schema, 'output');

  /** The components by their ids, sorted. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.components].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** @throws {Error} if two different schemas have the same id */
  private convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema: _dialect, $defs = {}, ...converted } = z.toJSONSchema(schema, { io }) as JsonSchema;
    for (const [id, component] of Object.entries($defs as Record<string, JsonSchema>)) this.add(id, component);
    return referToComponents(converted);
  }

  private add(id: string, schema: JsonSchema): void {
    const component = referToComponents(schema);
    const existing = this.components.get(id);
    if (existing && !isDeepStrictEqual(existing, component)) {
      throw new Error(`Two different schemas have the id ${id}. A schema that transforms needs one id per direction.`);
    }
    this.components.set(id, component);
  }
}

/** Replaces each reference to zod's `$defs` by one to a component. */
const referToComponents = (schema: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
