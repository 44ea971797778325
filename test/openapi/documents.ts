import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenApiDocument } from '@shop/runtime/openapi';
import { ROOT } from '../documents';

export const SERVICES = ['order-management', 'payment-processing'] as const;
export type Service = (typeof SERVICES)[number];

/** Reads the OpenAPI document of a service from docs/openapi. */
export const readOpenApi = (service: Service): OpenApiDocument =>
  JSON.parse(readFileSync(join(ROOT, 'docs', 'openapi', `${service}.json`), 'utf8')) as OpenApiDocument;
