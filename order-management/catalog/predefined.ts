import type { OrdersClient } from '@shop/prisma/clients';

const CUSTOMER = {
  customerId: 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce',
  firstName: 'John',
  lastName: 'Doe',
  email: 'john.Doe@test.com',
};

const PRODUCT = {
  productId: 'e574cb80-0dbb-4df6-baf1-8e7bc9c7fe15',
  name: 'Thermos Flask',
  price: '45.00',
  description: '2L keep cold or warm for 48hrs..',
  quantityAvailable: 25,
  productType: 'Home & Kitchen',
};

/** Loads the customer and the product that the original comes with; what is there already is kept as it is. */
export async function loadPredefined(database: OrdersClient): Promise<void> {
  await database.customer.createMany({ data: [CUSTOMER], skipDuplicates: true });
  await database.product.createMany({ data: [PRODUCT], skipDuplicates: true });
}
