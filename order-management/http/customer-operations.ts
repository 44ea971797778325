import type { OrdersClient } from '@shop/prisma/clients';
import type { Caller } from '@shop/runtime/access/caller';
import { operation, type Operation } from '@shop/runtime/operation';
import { Problem } from '@shop/runtime/problem';
import { idParams } from '@shop/runtime/uuid-schemas';
import type { Response } from 'express';
import { changeCustomer, findCustomer, type Customer, type CustomerChanges } from '../catalog/customers';
import { PREDEFINED_CUSTOMER } from '../catalog/predefined';
import type { ReadClient } from '../reads/read-client';
import { readHeaders, readToken, sendToken } from './consistency-token';
import { changedAnswer, checkEntityTag, entityTagHeader, entityTagOf, ifMatchHeaders } from './entity-tag';
import { customerJson } from './json';
import { customerBody, customerChanges } from './schemas';

const tag = 'Customers';
const EXAMPLE = { id: PREDEFINED_CUSTOMER.customerId };

/** The operations of one customer: read and change. */
export function customerOperations({ database, reads }: { database: OrdersClient; reads: ReadClient }): Operation[] {
  const readCustomer = operation({
    id: 'readCustomer',
    method: 'get',
    path: '/customer/{id}',
    tag,
    access: 'customer',
    summary: 'Read a customer',
    params: idParams('customer'),
    headers: readHeaders,
    responses: { 200: { description: 'The customer.', schema: customerJson, headers: entityTagHeader } },
    problems: ['customer-not-found'],
    example: { params: EXAMPLE },
    handle: async ({ params: { id }, caller, request, response }) => {
      checkOwner(caller, id);
      const customer = await reads.read((source) => findCustomer(source, id), readToken(request));
      send(response, customer ?? notFound(id));
    },
  });

  const replaceCustomer = operation({
    id: 'replaceCustomer',
    method: 'put',
    path: '/customer/{id}',
    tag,
    access: 'customer',
    summary: 'Change a customer',
    params: idParams('customer'),
    headers: ifMatchHeaders,
    body: customerBody,
    responses: { 200: changedAnswer('The changed customer.', customerJson) },
    problems: ['customer-not-found', 'precondition-failed'],
    example: { params: EXAMPLE, body: { firstName: 'John', lastName: 'Doe', email: 'john.doe@test.com' } },
    handle: ({ params, headers, body, caller, response }) =>
      change(caller, params.id, headers['If-Match'], body, response),
  });

  const updateCustomer = operation({
    id: 'updateCustomer',
    method: 'patch',
    path: '/customer/{id}',
    tag,
    access: 'customer',
    summary: 'Change some fields of a customer',
    params: idParams('customer'),
    headers: ifMatchHeaders,
    body: customerChanges,
    responses: { 200: changedAnswer('The changed customer.', customerJson) },
    problems: ['customer-not-found', 'precondition-failed'],
    example: { params: EXAMPLE, body: { email: 'john.doe@test.com' } },
    handle: ({ params, headers, body, caller, response }) =>
      change(caller, params.id, headers['If-Match'], body, response),
  });

  async function change(
    caller: Caller,
    id: string,
    ifMatch: string | undefined,
    changes: CustomerChanges,
    response: Response,
  ): Promise<void> {
    checkOwner(caller, id);
    const customer = await changeCustomer(database, id, changes, (current) => checkEntityTag(ifMatch, current));
    await sendToken(response, reads);
    send(response, customer ?? notFound(id));
  }

  return [readCustomer, replaceCustomer, updateCustomer];
}

/** For a customer, the others do not exist. @throws {Problem} 404 */
function checkOwner({ customerId }: Caller, id: string): void {
  if (customerId !== null && customerId !== id) notFound(id);
}

function notFound(id: string): never {
  throw new Problem('customer-not-found', `Customer ${id} does not exist.`);
}

const send = (response: Response, customer: Customer): void =>
  void response.set('ETag', entityTagOf(customer)).json(customer);
