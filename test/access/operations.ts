import { orderApi, type OrderApiNeeds } from '@shop/order-management/http/api';
import { paymentApi, type PaymentApiNeeds } from '@shop/payment-processing/http/api';
import type { Access } from '@shop/runtime/access/role';
import { completeApi, type Api } from '@shop/runtime/api';
import type { Service } from '../openapi/documents';

/** An operation of a service, and who may call it. */
export interface AccessOfOperation {
  service: Service;
  id: string;
  method: string;
  /** With the prefix of the service. */
  path: string;
  access: Access;
}

/** No operation is called, so the needs of the handlers are not used. */
function operationsOf(service: Service, api: Api): AccessOfOperation[] {
  const notServed = {
    readiness: () => Promise.reject(new Error('Not served.')),
    stopping: new AbortController().signal,
  };
  const { root, prefixed } = completeApi(api, notServed);
  const [prefix = ''] = api.prefixes;
  return [...prefixed.map((operation) => ({ ...operation, path: prefix + operation.path })), ...root].map(
    ({ id, method, path, access }) => ({ service, id, method: method.toUpperCase(), path, access }),
  );
}

/** Every operation of both services. */
export const OPERATIONS: AccessOfOperation[] = [
  ...operationsOf('order-management', orderApi({} as OrderApiNeeds)),
  ...operationsOf('payment-processing', paymentApi({} as PaymentApiNeeds)),
];
