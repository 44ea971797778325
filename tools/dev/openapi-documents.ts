import { orderApi, type OrderApiNeeds } from '@shop/order-management/http/api';
import { paymentApi, type PaymentApiNeeds } from '@shop/payment-processing/http/api';
import { completeApi, type Api } from '@shop/runtime/api';
import type { OpenApiDocument } from '@shop/runtime/openapi';

/** Describes an API without serving it: no operation is called, so their needs are not used. */
const describe = (api: Api): OpenApiDocument =>
  completeApi(api, {
    readiness: () => Promise.reject(new Error('Not served.')),
    stopping: new AbortController().signal,
  }).document;

/** The OpenAPI document of each service. */
export const OPENAPI_DOCUMENTS: Record<'order-management' | 'payment-processing', OpenApiDocument> = {
  'order-management': describe(orderApi({} as OrderApiNeeds)),
  'payment-processing': describe(paymentApi({} as PaymentApiNeeds)),
};
