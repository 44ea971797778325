import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENAPI_DOCUMENTS } from './openapi-documents';

// Writes the OpenAPI document of each service to docs/openapi.

const FOLDER = join(__dirname, '..', '..', '..', 'docs', 'openapi');

mkdirSync(FOLDER, { recursive: true });
for (const [service, document] of Object.entries(OPENAPI_DOCUMENTS)) {
  writeFileSync(join(FOLDER, `${service}.json`), `${JSON.stringify(document, null, 2)}\n`);
  process.stdout.write(`docs/openapi/${service}.json: ${Object.keys(document.paths).length} paths\n`);
}
