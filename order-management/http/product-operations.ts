import type { OrdersClient } from '@shop/prisma/clients';
import { scopedKey } from '@shop/runtime/access/scoped-key';
import { operation, type Operation } from '@shop/runtime/operation';
import { Problem } from '@shop/runtime/problem';
import { idParams } from '@shop/runtime/uuid-schemas';
import type { Response } from 'express';
import { z } from 'zod';
import { changeProduct, findProduct, type ProductChanges, type ProductWithState } from '../catalog/products';
import { restockProduct, type RestockOutcome } from '../catalog/restock-product';
import { restoreProduct, retireProduct } from '../catalog/retire-product';
import { MAX_STOCK } from '../catalog/stock';
import type { ReadClient } from '../reads/read-client';
import { readHeaders, readToken, sendToken } from './consistency-token';
import { changedAnswer, checkEntityTag, entityTagHeader, entityTagOf, ifMatchHeaders } from './entity-tag';
import { EXAMPLE_PRODUCT } from './examples';
import { productWithStateJson, toProductWithStateJson } from './json';
import { idempotencyKey, productChanges, productReplacement, restockBody } from './schemas';

const tag = 'Products';
const EXAMPLE = { id: EXAMPLE_PRODUCT };
const NOT_THE_STOCK =
  'Orders that were accepted before keep their price. The stock cannot be set: use `POST /product/{id}/restock`.';

/** The operations of one product: read, change, restock, retire and restore. */
export function productOperations({ database, reads }: { database: OrdersClient; reads: ReadClient }): Operation[] {
  const readProduct = operation({
    id: 'readProduct',
    method: 'get',
    path: '/product/{id}',
    tag,
    access: 'open',
    summary: 'Read a product',
    description: 'Also a retired one.',
    params: idParams('product'),
    headers: readHeaders,
    responses: { 200: { description: 'The product.', schema: productWithStateJson, headers: entityTagHeader } },
    problems: ['product-not-found'],
    example: { params: EXAMPLE },
    handle: async ({ params: { id }, request, response }) => {
      const product = await reads.read((source) => findProduct(source, id), readToken(request));
      send(response.set('Cache-Control', 'no-cache'), product ?? notFound(id));
    },
  });

  const replaceProduct = operation({
    id: 'replaceProduct',
    method: 'put',
    path: '/product/{id}',
    tag,
    access: 'catalog',
    summary: 'Change a product',
    description: NOT_THE_STOCK,
    params: idParams('product'),
    headers: ifMatchHeaders,
    body: productReplacement,
    responses: { 200: changedAnswer('The changed product.', productWithStateJson) },
    problems: ['product-not-found', 'precondition-failed'],
    example: { params: EXAMPLE, body: { name: 'Mug', price: 4.75, description: '', productType: 'Kitchen' } },
    handle: ({ params, headers, body, response }) => change(params.id, headers['If-Match'], body, response),
  });

  const updateProduct = operation({
    id: 'updateProduct',
    method: 'patch',
    path: '/product/{id}',
    tag,
    access: 'catalog',
    summary: 'Change some fields of a product',
    description: NOT_THE_STOCK,
    params: idParams('product'),
    headers: ifMatchHeaders,
    body: productChanges,
    responses: { 200: changedAnswer('The changed product.', productWithStateJson) },
    problems: ['product-not-found', 'precondition-failed'],
    example: { params: EXAMPLE, body: { price: 4.75 } },
    handle: ({ params, headers, body, response }) => change(params.id, headers['If-Match'], body, response),
  });

  const restock = operation({
    id: 'restockProduct',
    method: 'post',
    path: '/product/{id}/restock',
    tag,
    access: 'catalog',
    summary: 'Add units to the stock of a product, or remove some',
    description:
      'Concurrent orders, cancels and restocks do not overwrite each other. With an `Idempotency-Key` the request can be ' +
      'repeated safely: the stock changes once, and the answer is the product in its current state.',
    params: idParams('product'),
    headers: z.object({
      'Idempotency-Key': idempotencyKey
        .meta({ description: 'Identifies the restock, so that the request can be repeated safely for 24 hours.' })
        .optional(),
    }),
    body: restockBody,
    responses: { 200: changedAnswer('The product with its new stock.', productWithStateJson) },
    problems: ['product-not-found', 'stock-out-of-range', 'idempotency-key-reused'],
    example: { params: EXAMPLE, headers: { 'Idempotency-Key': 'delivery-1042' }, body: { quantity: 10 } },
    handle: async ({ params: { id }, headers, body: { quantity }, caller, response }) => {
      const key = headers['Idempotency-Key'];
      const own = key === undefined ? null : scopedKey(caller, key);
      const outcome = await restockProduct(database, { productId: id, quantity, key: own });
      const product = restockedOrThrow(id, quantity, outcome);
      response.locals.log.info({ productId: id, quantity, stock: product.quantityAvailable }, 'product restocked');
      await sendToken(response, reads);
      send(response, product);
    },
  });

  const retire = operation({
    id: 'retireProduct',
    method: 'post',
    path: '/product/{id}/retire',
    tag,
    access: 'catalog',
    summary: 'Stop selling a product',
    description:
      'Hides the product from the list and refuses later orders of it. Its orders stay. Retiring it again changes nothing.',
    params: idParams('product'),
    responses: { 200: changedAnswer('The retired product.', productWithStateJson) },
    problems: ['product-not-found'],
    example: { params: EXAMPLE },
    handle: async ({ params: { id }, response }) => {
      const product = (await retireProduct(database, id)) ?? notFound(id);
      response.locals.log.info({ productId: id }, 'product retired');
      await sendToken(response, reads);
      send(response, product);
    },
  });

  const restore = operation({
    id: 'restoreProduct',
    method: 'post',
    path: '/product/{id}/restore',
    tag,
    access: 'catalog',
    summary: 'Sell a retired product again',
    params: idParams('product'),
    responses: { 200: changedAnswer('The restored product.', productWithStateJson) },
    problems: ['product-not-found'],
    example: { params: EXAMPLE },
    handle: async ({ params: { id }, response }) => {
      const product = (await restoreProduct(database, id)) ?? notFound(id);
      response.locals.log.info({ productId: id }, 'product restored');
      await sendToken(response, reads);
      send(response, product);
    },
  });

  async function change(
    id: string,
    ifMatch: string | undefined,
    { name, price, description, productType }: ProductChanges,
    response: Response,
  ): Promise<void> {
    const product = await changeProduct(database, id, { name, price, description, productType }, (current) =>
      checkEntityTag(ifMatch, toProductWithStateJson(current)),
    );
    if (!product) return notFound(id);
    response.locals.log.info({ productId: id }, 'product changed');
    await sendToken(response, reads);
    send(response, product);
  }

  return [readProduct, replaceProduct, updateProduct, restock, retire, restore];
}

function restockedOrThrow(id: string, quantity: number, result: RestockOutcome): ProductWithState {
  if (result.outcome === 'done') return result.product;
  if (result.outcome === 'not found') return notFound(id);
  if (result.outcome === 'other request with this key') {
    throw new Problem('idempotency-key-reused', 'This Idempotency-Key belongs to another restock. Use a new key.');
  }
  const { quantityAvailable } = result.product;
  throw new Problem(
    'stock-out-of-range',
    `Product ${id} has ${quantityAvailable} units, which cannot be changed by ${quantity}: ` +
      `units can be removed down to 0 and added up to ${MAX_STOCK}.`,
  );
}

function notFound(id: string): never {
  throw new Problem('product-not-found', `Product ${id} does not exist.`);
}

function send(response: Response, product: ProductWithState): void {
  const json = toProductWithStateJson(product);
  response.set('ETag', entityTagOf(json)).json(json);
}
