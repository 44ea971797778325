import type { OrdersClient } from '@shop/prisma/clients';
import { jsonBody } from '@shop/runtime/json-body';
import { Problem } from '@shop/runtime/problem';
import { queryParameters } from '@shop/runtime/query-parameters';
import { refuseOtherMethods } from '@shop/runtime/refuse-other-methods';
import { Router } from 'express';
import { addCustomer } from '../catalog/customers';
import { addProduct, deleteProduct, findProducts } from '../catalog/products';
import type { ReadClient } from '../reads/read-client';
import { readToken, sendToken } from './consistency-token';
import { customerBody, productBody, readBody, readCount, readId } from './schemas';
import { toProductJson } from './json';

/** Serves the paths of customers and products. */
export function catalogRoutes({ database, reads }: { database: OrdersClient; reads: ReadClient }): Router {
  const routes = Router();

  routes.post('/customer', queryParameters(), jsonBody, async (request, response) => {
    const customer = await addCustomer(database, readBody(customerBody, request.body));
    await sendToken(response, reads);
    response.status(201).json(customer);
  });

  routes.post('/product', queryParameters(), jsonBody, async (request, response) => {
    const product = await addProduct(database, readBody(productBody, request.body));
    await sendToken(response, reads);
    response.status(201).json(toProductJson(product));
  });

  routes.get('/products', queryParameters('paginationOffset', 'paginationLimit'), async (request, response) => {
    const { paginationOffset, paginationLimit } = request.query;
    const page = { offset: readCount(paginationOffset, 0, 1e9), limit: readCount(paginationLimit, 10, 1_000) };
    const products = await reads.read((source) => findProducts(source, page), readToken(request));
    response.json(products.map((product) => toProductJson(product)));
  });

  routes.delete('/product/:id', queryParameters(), async (request, response) => {
    const productId = readId(request.params.id, 'product');
    const outcome = await deleteProduct(database, productId);
    if (outcome === 'not found') throw new Problem(404, `Product ${productId} does not exist.`);
    if (outcome === 'in use') throw new Problem(409, `Product ${productId} is part of orders and cannot be deleted.`);
    await sendToken(response, reads);
    response.json({ message: `Product ${productId} was deleted.` });
  });

  return refuseOtherMethods(routes);
}
