import type { OpenApiDocument, ResponseObject } from '@shop/runtime/openapi';
import { isProblemCode, PROBLEMS, type ProblemCode } from '@shop/runtime/problem-catalogue';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { readOpenApi, SERVICES, type Service } from './documents';

/** A response, and the request that it answers. */
export interface Exchange {
  method: string;
  /** The path and the query. */
  target: string;
  status: number;
  headers: Pick<Headers, 'get'>;
  /** The text of the body. */
  text: string;
}

/** The problems of a request for which the document has no operation. */
const WITHOUT_OPERATION: ProblemCode[] = [
  'malformed-request',
  'foreign-origin',
  'foreign-host',
  'malformed-path',
  'route-not-found',
  'method-not-allowed',
  'request-timeout',
  'body-too-large',
  'unsupported-expectation',
  'too-many-requests',
  'headers-too-large',
];

/** Compares the responses of a service with its OpenAPI document. */
export class DescribedResponses {
  private readonly document: OpenApiDocument;
  private readonly ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(service: Service) {
    this.document = readOpenApi(service);
    this.ajv.addSchema(this.document, 'api', false, false);
  }

  /**
   * Finds how a response differs from its description. The second prefix of a service counts as the first one.
   *
   * @returns null if the document describes the response
   */
  differenceOf(exchange: Exchange): string | null {
    const { method, target, status, headers } = exchange;
    if (headers.get('x-request-id') === null) return 'has no X-Request-ID';
    if (method === 'OPTIONS' && status === 204) return headers.get('allow') === null ? 'has no Allow' : null;
    const operation = this.pointerOf(method === 'HEAD' ? 'get' : method.toLowerCase(), target);
    const response = operation === null ? undefined : this.responseAt(operation, status);
    return response
      ? this.differenceFrom(response.response, response.pointer, exchange)
      : this.differenceFromProblem(exchange);
  }

  private differenceFrom({ content }: ResponseObject, pointer: string[], exchange: Exchange): string | null {
    const { method, headers, text } = exchange;
    if (method === 'HEAD') return null;
    if (!content) return text === '' ? null : 'has a body, and the document describes none';
    const type = headers.get('content-type')?.split(';')[0]?.trim() ?? '';
    const described = [type, `${type.split('/')[0]}/*`].find((one) => Object.hasOwn(content, one));
    if (described === undefined) return `has the type "${type}"; described: ${Object.keys(content).join(', ')}`;
    return this.errorsOf([...pointer, 'content', described, 'schema'], type.endsWith('json') ? JSON.parse(text) : text);
  }

  /** Compares a response that no operation describes. Only a problem of the connection, path or method is correct. */
  private differenceFromProblem({ method, status, headers, text }: Exchange): string | null {
    const undescribed = `${status} is not described`;
    if (method === 'HEAD')
      return WITHOUT_OPERATION.some((code) => PROBLEMS[code].status === status) ? null : undescribed;
    if (!headers.get('content-type')?.startsWith('application/problem+json')) return undescribed;
    const problem = JSON.parse(text) as { code: string };
    const { code } = problem;
    if (!isProblemCode(code) || !WITHOUT_OPERATION.includes(code)) return `${undescribed} with the code ${code}`;
    if (PROBLEMS[code].status !== status) return `${status} is not the status of ${code}`;
    return this.errorsOf(['components', 'schemas', 'Problem'], problem);
  }

  /** Finds the operation at a target; a fixed path precedes one with parameters. */
  private pointerOf(method: string, target: string): string[] | null {
    const path = target.replace(/[?#].*/s, '').replace(/(.)\/$/, '$1');
    const templates = Object.keys(this.document.paths).filter((template) => patternOf(template).test(path));
    const template = templates.toSorted((a, b) => a.split('{').length - b.split('{').length)[0];
    return template !== undefined && this.document.paths[template]?.[method] ? ['paths', template, method] : null;
  }

  private responseAt(operation: string[], status: number): { response: ResponseObject; pointer: string[] } | undefined {
    const [, template = '', method = ''] = operation;
    const response = this.document.paths[template]?.[method]?.responses[status];
    if (!response) return undefined;
    if (!('$ref' in response)) return { response, pointer: [...operation, 'responses', String(status)] };
    const code = response.$ref.replace(/.*\//, '');
    const shared = this.document.components.responses[code];
    return shared && { response: shared, pointer: ['components', 'responses', code] };
  }

  private errorsOf(pointer: string[], value: unknown): string | null {
    const $ref = `api#/${pointer.map(encodePointer).join('/')}`;
    const validate = this.validators.get($ref) ?? this.ajv.compile({ $ref });
    this.validators.set($ref, validate);
    return validate(value) ? null : `does not match its schema: ${this.ajv.errorsText(validate.errors)}`;
  }
}

const encodePointer = (token: string): string => encodeURIComponent(token.replaceAll('~', '~0').replaceAll('/', '~1'));

/** Matches the paths of a template. A router ignores the case of fixed parts. */
const patternOf = (template: string): RegExp =>
  new RegExp(
    `^${template
      .replace(/^\/(order|payment)(Management|Processing)/, '/$1-?$2')
      .replaceAll('.', '\\.')
      .replaceAll(/\{\w+\}/g, '[^/]+')}$`,
    'i',
  );

const services = new Map<Service, DescribedResponses>(
  SERVICES.map((service) => [service, new DescribedResponses(service)]),
);

/** The service that a path belongs to. Both describe the paths at the root in the same way. */
const serviceOf = (target: string): Service =>
  /^\/payment-?processing(\/|\?|$)/i.test(target) ? 'payment-processing' : 'order-management';

/** @throws {Error} if the OpenAPI document of the service does not describe a response */
export function expectDescribed(exchange: Exchange, service = serviceOf(exchange.target)): void {
  const { method, target, status, text } = exchange;
  const difference = services.get(service)!.differenceOf(exchange);
  if (difference === null) return;
  throw new Error(
    `docs/openapi/${service}.json does not describe the response to ${method} ${target.slice(0, 200)}: it ` +
      `${difference}.\n${status} ${text.slice(0, 500)}`,
  );
}
