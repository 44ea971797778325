import { documentationOperations } from './documentation-operations';
import { healthOperations, metricsOperation, pingOperation, type HealthNeeds } from './health-operations';
import { describeApi, type OpenApiDocument } from './openapi';
import type { Operation } from './operation';
import { problemOperations } from './problem-operations';

/** A service's own operations. */
export interface Api {
  /** The name in the OpenAPI document. */
  title?: string;
  /** The path prefixes of the operations, such as `/orderManagement`. The OpenAPI document has the first one. */
  prefixes: string[];
  operations?: readonly Operation[];
}

/** All operations of a service, and their description. */
export interface DescribedApi {
  /** The operations at the root: health checks, problems and documentation. The metrics are not among them. */
  root: Operation[];
  /** The operations below each prefix. */
  prefixed: Operation[];
  document: OpenApiDocument;
}

/** Adds to a service's own operations those that every service has, and describes all of them. */
export function completeApi({ title = 'Service', prefixes, operations = [] }: Api, needs: HealthNeeds): DescribedApi {
  const root = [...healthOperations(needs), ...problemOperations, ...documentationOperations(() => document)];
  const prefixed = [pingOperation, ...operations];
  const [prefix = '', ...others] = prefixes;
  const document = describeApi(
    {
      title,
      version: '1.0.0',
      description: [
        ...others.map((other) => `Every path below \`${prefix}\` also exists below \`${other}\`.`),
        'Paths may end with a slash. Errors are problem documents (RFC 9457) with a stable `code`.',
        'A request may have a header `X-Request-ID`; every response has one.',
        'Any other path is answered with `route-not-found`, any other method with `method-not-allowed`.',
        'An operation with `security` needs a credential with one of the listed roles, unless the service runs without ' +
          'authentication.',
      ].join('\n'),
    },
    [...prefixed.map((operation) => ({ ...operation, path: prefix + operation.path })), ...root, metricsOperation],
  );
  return { root, prefixed, document };
}
