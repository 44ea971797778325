import type { OrdersClient } from '@shop/prisma/clients';

/** The predefined customer of the original system. */
export const PREDEFINED_CUSTOMER = {
  customerId: 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce',
  firstName: 'John',
  lastName: 'Doe',
  email: 'john.Doe@test.com',
};

/** The predefined product of the original system. */
export const PREDEFINED_PRODUCT = {
  productId: 'e574cb80-0dbb-4df6-baf1-8e7bc9c7fe15',
  name: 'Thermos Flask',
  price: '45.00',
  description: '2L keep cold or warm for 48hrs..',
  quantityAvailable: 25,
  productType: 'Home & Kitchen',
};

/** Inserts the predefined customer and product. Rows that exist stay as they are. */
export async function loadPredefined(database: OrdersClient): Promise<void> {
  await database.customer.createMany({ data: [PREDEFINED_CUSTOMER], skipDuplicates: true });
  await database.product.createMany({ data: [PREDEFINED_PRODUCT], skipDuplicates: true });
}
