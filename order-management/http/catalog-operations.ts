import type { OrdersClient } from '@shop/prisma/clients';
import { operation, type Operation } from '@shop/runtime/operation';
import { Problem } from '@shop/runtime/problem';
import { sendArray } from '@shop/runtime/send-array';
import { idParams } from '@shop/runtime/uuid-schemas';
import { z } from 'zod';
import { addCustomer, findCustomersById } from '../catalog/customers';
import { addProduct, deleteProduct, findProducts, findProductsById } from '../catalog/products';
import type { ReadClient } from '../reads/read-client';
import { customerSearch } from '../search/customer-search';
import { productSearch, productSearchWith } from '../search/product-search';
import type { Searches } from '../search/searches';
import { readHeaders, readToken, sendToken, writeAnswer } from './consistency-token';
import { EXAMPLE_PRODUCT } from './examples';
import {
  customerJson,
  messageJson,
  productJson,
  productWithStateJson,
  toProductJson,
  toProductWithStateJson,
} from './json';
import { pageHeaders, readSearch, searchProblems, searchQuery, sendPageHeaders } from './search-query';
import { customerBody, lenientCount, partOfText, productBody, trueOrFalse } from './schemas';

/** The operations of customers and products. */
export const catalogOperations = ({
  database,
  reads,
  searches,
}: {
  database: OrdersClient;
  reads: ReadClient;
  searches: Searches;
}): Operation[] => [
  operation({
    id: 'listCustomers',
    method: 'get',
    path: '/customers',
    tag: 'Customers',
    access: 'operator',
    summary: 'List or search customers',
    description: 'One page of the customers that match, sorted by customer id unless `sort` is present.',
    query: searchQuery(customerSearch),
    headers: readHeaders,
    responses: { 200: { description: 'The customers.', schema: z.array(customerJson), headers: pageHeaders } },
    problems: searchProblems,
    cost: 'nothing', // searches have a limit of their own
    example: { query: { filter: "last_name STARTS_WITH 'D'", sort: 'last_name,first_name', limit: 10 } },
    handle: async ({ query, request, response }) => {
      const search = readSearch(query, customerSearch);
      const found = await searches.find(customerSearch, search, findCustomersById, readToken(request));
      sendPageHeaders(request, response, search, found);
      response.json(found.items);
    },
  }),

  operation({
    id: 'addCustomer',
    method: 'post',
    path: '/customer',
    tag: 'Customers',
    access: 'operator',
    summary: 'Add a customer',
    body: customerBody,
    responses: { 201: writeAnswer('The new customer.', customerJson) },
    example: { body: { firstName: 'Jane', lastName: 'Roe', email: 'jane@roe.com' } },
    handle: async ({ body, response }) => {
      const customer = await addCustomer(database, body);
      await sendToken(response, reads);
      response.status(201).json(customer);
    },
  }),

  operation({
    id: 'addProduct',
    method: 'post',
    path: '/product',
    tag: 'Products',
    access: 'catalog',
    summary: 'Add a product',
    description:
      'The price may have any number of decimals. It is rounded to cents, half away from zero: 1.005 is stored as 1.01.',
    body: productBody,
    responses: { 201: writeAnswer('The new product.', productJson) },
    example: {
      body: { name: 'Mug', price: 4.5, description: '', quantityAvailable: 10, productType: 'Kitchen' },
    },
    handle: async ({ body, response }) => {
      const product = await addProduct(database, body);
      await sendToken(response, reads);
      response.status(201).json(toProductJson(product));
    },
  }),

  operation({
    id: 'listProducts',
    method: 'get',
    path: '/products',
    tag: 'Products',
    access: 'open',
    summary: 'List products',
    description:
      'One page, sorted by product id. A page that is not a number falls back to its default, as in the original.',
    query: z.object({
      paginationOffset: lenientCount(0, 1e9).meta({ description: 'How many products to skip; 0 by default.' }),
      paginationLimit: lenientCount(10, 1_000).meta({ description: 'At most this many; 10 by default, up to 1,000.' }),
    }),
    headers: readHeaders,
    responses: { 200: { description: 'The products of the page.', schema: z.array(productJson) } },
    cost: 'list',
    example: { query: { paginationOffset: '0', paginationLimit: '10' } },
    handle: async ({ query: { paginationOffset: offset, paginationLimit: limit }, request, response }) => {
      const products = await reads.read((source) => findProducts(source, { offset, limit }), readToken(request));
      response.set('Cache-Control', 'no-cache');
      await sendArray(
        response,
        products.map((product) => toProductJson(product)),
      );
    },
  }),

  operation({
    id: 'searchProducts',
    method: 'get',
    path: '/catalog',
    tag: 'Products',
    access: 'any',
    summary: 'Search products',
    description:
      'One page of the products that match, sorted by name unless `sort` is present. A customer finds only products that are sold.',
    query: searchQuery(productSearch).extend({
      find: partOfText.optional().meta({ description: 'A part of the name or of the type, in any case.' }),
      retired: trueOrFalse.optional().meta({
        description: 'Only products that are no longer sold, or only those that are sold.',
      }),
    }),
    headers: readHeaders,
    responses: {
      200: { description: 'The products.', schema: z.array(productWithStateJson), headers: pageHeaders },
    },
    problems: searchProblems,
    cost: 'nothing', // searches have a limit of their own
    example: { query: { find: 'flask', retired: 'false', limit: 10 } },
    handle: async ({ query, caller, request, response }) => {
      const searchable = productSearchWith({ ...query, onlySold: caller.role === 'customer' });
      const search = readSearch(query, searchable);
      const found = await searches.find(searchable, search, findProductsById, readToken(request));
      sendPageHeaders(request, response, search, found);
      await sendArray(response, found.items.map(toProductWithStateJson));
    },
  }),

  operation({
    id: 'deleteProduct',
    method: 'delete',
    path: '/product/{id}',
    tag: 'Products',
    access: 'catalog',
    summary: 'Delete a product that no order contains',
    params: idParams('product'),
    responses: { 200: writeAnswer('The product was deleted.', messageJson) },
    problems: ['product-not-found', 'product-in-use'],
    example: { params: { id: EXAMPLE_PRODUCT } },
    handle: async ({ params: { id }, response }) => {
      const outcome = await deleteProduct(database, id);
      if (outcome === 'not found') throw new Problem('product-not-found', `Product ${id} does not exist.`);
      if (outcome === 'in use') {
        throw new Problem(
          'product-in-use',
          `Product ${id} is part of orders and cannot be deleted. Retire it instead: POST /product/${id}/retire.`,
        );
      }
      response.locals.log.info({ productId: id }, 'product deleted');
      await sendToken(response, reads);
      response.json({ message: `Product ${id} was deleted.` });
    },
  }),
];
