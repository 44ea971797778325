import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { OPENAPI_DOCUMENTS } from '@shop/dev/openapi-documents';
import type { OpenApiDocument } from '@shop/runtime/openapi';
import { PROBLEMS } from '@shop/runtime/problem-catalogue';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { ROOT } from '../documents';
import { readOpenApi, SERVICES } from './documents';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

const operationsOf = ({ paths }: OpenApiDocument) => Object.values(paths).flatMap((path) => Object.values(path));

describe.each(SERVICES)('the OpenAPI document of %s', (service) => {
  const document = readOpenApi(service);

  test('is up to date; `make openapi` writes it', () => {
    expect(document).toEqual(JSON.parse(JSON.stringify(OPENAPI_DOCUMENTS[service])));
  });

  test('has the version of the product', () => expect(document.info['version']).toBe(version));

  test('gives each operation an id of its own', () => {
    const ids = operationsOf(document).map(({ operationId }) => operationId);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test('has only schemas of the dialect 2020-12 and known keywords', () => {
    const ajv = addFormats(new Ajv2020({ strict: true, strictTypes: false, strictRequired: false }));
    ajv.addVocabulary(['components']);
    ajv.addSchema({ $id: 'api', components: { schemas: document.components.schemas } }, 'api', false, false);
    for (const name of Object.keys(document.components.schemas)) {
      expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` })).not.toThrow();
    }
  });

  test('has parameters and bodies with valid examples', () => {
    const ajv = addFormats(new Ajv2020({ strict: false }));
    ajv.addSchema(document, 'api', false, false);
    for (const { operationId, parameters = [], requestBody } of operationsOf(document)) {
      const described = [...parameters, ...Object.values(requestBody?.content ?? {})];
      for (const { schema, example } of described.filter((one) => one.example !== undefined)) {
        const resolved = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object;
        expect([operationId, ajv.validate(resolved, example), ajv.errors]).toEqual([operationId, true, null]);
      }
    }
  });
});

test('the documents describe every problem of the catalogue', () => {
  const described = SERVICES.map((service) => JSON.stringify(readOpenApi(service))).join('\n');
  for (const code of Object.keys(PROBLEMS)) expect(described).toContain(`"${code}"`);
});
