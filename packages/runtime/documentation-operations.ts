import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { OpenApiDocument } from './openapi';
import { operation, type Operation } from './operation';
import { Problem } from './problem';

const tag = 'Documentation';

/** Only files of this service, and no inline script. Swagger UI draws its icons from `data:` URLs. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>REST API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="reference"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true, validatorUrl: null });
`;

/** The files of the reference page, with the media type of each. */
const FILES: Record<string, { type: string; read: () => Promise<Buffer | string> }> = {
  'start.js': { type: 'text/javascript', read: async () => START },
  'swagger-ui-bundle.js': { type: 'text/javascript', read: () => readSwagger('swagger-ui-bundle.js') },
  'swagger-ui.css': { type: 'text/css', read: () => readSwagger('swagger-ui.css') },
};

const readSwagger = (file: string): Promise<Buffer> => readFile(require.resolve(`swagger-ui-dist/${file}`));

/** The OpenAPI document, and the page that shows it. */
export const documentationOperations = (document: () => OpenApiDocument): Operation[] => [
  operation({
    id: 'readOpenApi',
    method: 'get',
    path: '/openapi.json',
    tag,
    access: 'open',
    summary: 'Read this OpenAPI document',
    responses: { 200: { description: 'An OpenAPI 3.1 document.', schema: z.looseObject({ openapi: z.string() }) } },
    example: {},
    handle: ({ response }) => void response.json(document()),
  }),
  operation({
    id: 'readReference',
    method: 'get',
    path: '/docs',
    tag,
    access: 'open',
    summary: 'Show the reference page',
    responses: { 200: { description: 'The page.', contentType: 'text/html', schema: z.string() } },
    example: {},
    handle: ({ response }) => void response.set('Content-Security-Policy', CONTENT_SECURITY_POLICY).send(PAGE),
  }),
  operation({
    id: 'readReferenceFile',
    method: 'get',
    path: '/docs/{file}',
    tag,
    access: 'open',
    summary: 'Read a file of the reference page',
    params: z.object({ file: z.string() }),
    responses: {
      200: {
        description: 'The file.',
        contentType: 'text/*',
        schema: z.string(),
        headers: { 'Cache-Control': { description: 'The file may be cached for a day.', schema: z.string() } },
      },
    },
    problems: ['route-not-found'],
    example: { params: { file: 'start.js' } },
    handle: async ({ params, request, response }) => {
      const file = Object.hasOwn(FILES, params.file) ? FILES[params.file] : undefined;
      if (!file) throw new Problem('route-not-found', `No route for GET ${request.path}.`);
      response
        .set('Cache-Control', 'public, max-age=86400')
        .type(file.type)
        .send(await file.read());
    },
  }),
];
