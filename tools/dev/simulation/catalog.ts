import { setTimeout as delay } from 'node:timers/promises';
import { declineReason } from '@shop/payment-processing/payments/charge-limit';
import type { OrderKind } from './order-mix';
import type { ShopClient } from './shop-client';

/** Identifies the products of the simulation in the catalog. */
const PRODUCT_TYPE = 'Simulation';
const PRODUCTS: [name: string, price: number][] = [
  ['Teapot', 24.9],
  ['Kettle', 39],
  ['Tea Towel', 7.5],
  ['Coffee Grinder', 89],
  ['Espresso Cup', 11.25],
  ['Milk Jug', 18],
  ['Cast Iron Pan', 64.95],
  ['Chef Knife', 129],
  ['Cutting Board', 34],
  ['Stand Mixer', 449],
  ['Toaster', 59.5],
  ['Baking Dish', 27],
];
/** In a domain that nobody can own. */
const EMAIL_DOMAIN = 'simulation.example';
const CUSTOMERS: [firstName: string, lastName: string][] = [
  ['Ada', 'Adams'],
  ['Ben', 'Brown'],
  ['Carla', 'Chen'],
  ['David', 'Diaz'],
  ['Elif', 'Evans'],
  ['Femi', 'Fischer'],
  ['Grace', 'Garcia'],
  ['Hugo', 'Haddad'],
];
const PAGE = 1_000;
/** A product with fewer units is restocked. Declined and cancelled orders return their units. */
const LOW_STOCK = 1_000;
const RESTOCKED_UNITS = 10_000;
const MAX_LINES = 3;
const MAX_QUANTITY = 3;
/** How long a product that could not be restocked is left alone. */
const RESTOCK_PAUSE_MS = 5_000;

interface Product {
  productId: string;
  name: string;
  price: number;
  /** A lower bound, unless somebody else buys the same product. */
  stock: number;
  isRestocked: boolean;
}

/** The body of `POST /order`. */
export interface OrderBody {
  customerId: string;
  products: { productId: string; orderedQuantity: number }[];
}

interface ProductJson {
  productId: string;
  name: string;
  price: number;
  quantityAvailable: number;
  productType: string;
}

/** The customers and products of the simulation, which exist once per database. */
export class Catalog {
  private constructor(
    private readonly client: ShopClient,
    private readonly customerIds: string[],
    private readonly products: Product[],
  ) {}

  /**
   * Finds the customers and products of earlier simulations, and adds those that are missing.
   *
   * @throws {SetupError} if order-management refuses a request
   */
  static async prepare(client: ShopClient): Promise<Catalog> {
    const known = (await listProducts(client)).filter(({ productType }) => productType === PRODUCT_TYPE);
    const products = await Promise.all(
      PRODUCTS.map(async ([name, price]) => {
        const body = { name, price, description: '', quantityAvailable: RESTOCKED_UNITS, productType: PRODUCT_TYPE };
        const product =
          known.find((one) => one.name === name) ?? (await client.call<ProductJson>('POST', '/product', body));
        return { ...product, stock: product.quantityAvailable, isRestocked: false };
      }),
    );
    const filter = new URLSearchParams({
      filter: `email IN (${CUSTOMERS.map((one) => `'${emailOf(one)}'`).join(', ')})`,
    });
    const found = await client.call<{ customerId: string; email: string }[]>('GET', `/customers?${String(filter)}`);
    const customers = await Promise.all(
      CUSTOMERS.map(async (name) => {
        const [firstName, lastName] = name;
        const email = emailOf(name);
        const body = { firstName, lastName, email };
        return (
          found.find((one) => one.email === email) ??
          (await client.call<{ customerId: string }>('POST', '/customer', body))
        );
      }),
    );
    return new Catalog(
      client,
      customers.map(({ customerId }) => customerId),
      products,
    );
  }

  /**
   * Makes up an order of a random customer. The payment service declines it if the kind is `declined`, and accepts any
   * other kind.
   */
  createOrder(kind: OrderKind): OrderBody {
    const lines = new Map<Product, number>();
    let total = 0;
    const add = (product: Product, quantity: number): void => {
      lines.set(product, (lines.get(product) ?? 0) + quantity);
      total += product.price * quantity;
    };
    const first = oneOf(this.products); // one unit of any product costs less than what the payment service declines
    add(first, 1);
    for (let more = below(MAX_LINES); more > 0; more--) {
      const [product, quantity] = [oneOf(this.products), 1 + below(MAX_QUANTITY)];
      if (!isDeclined(total + product.price * quantity)) add(product, quantity);
    }
    if (kind === 'declined') while (!isDeclined(total)) add(first, 1);
    return {
      customerId: oneOf(this.customerIds),
      products: Array.from(lines, ([{ productId }, orderedQuantity]) => ({ productId, orderedQuantity })),
    };
  }

  /** Counts the units of an accepted order, and restocks products of which few are left. */
  async taken({ products }: OrderBody): Promise<void> {
    for (const { productId, orderedQuantity } of products) this.product(productId).stock -= orderedQuantity;
    await Promise.all(products.map(({ productId }) => this.restockIfLow(this.product(productId))));
  }

  /** Restocks the products of an order that was refused because a product is short. */
  async refused({ products }: OrderBody): Promise<void> {
    for (const { productId } of products) this.product(productId).stock = 0;
    await Promise.all(products.map(({ productId }) => this.restockIfLow(this.product(productId))));
  }

  private product(productId: string): Product {
    return this.products.find((one) => one.productId === productId)!;
  }

  private async restockIfLow(product: Product): Promise<void> {
    if (product.stock >= LOW_STOCK || product.isRestocked) return;
    product.isRestocked = true;
    try {
      const path = `/product/${product.productId}`;
      product.stock = (await this.client.call<ProductJson>('GET', path)).quantityAvailable;
      if (product.stock >= LOW_STOCK) return;
      const restocked = await this.client.call<ProductJson>('POST', `${path}/restock`, { quantity: RESTOCKED_UNITS });
      product.stock = restocked.quantityAvailable;
    } catch {
      await delay(RESTOCK_PAUSE_MS);
    } finally {
      product.isRestocked = false;
    }
  }
}

async function listProducts(client: ShopClient): Promise<ProductJson[]> {
  const products: ProductJson[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const path = `/products?paginationOffset=${offset}&paginationLimit=${PAGE}`;
    const page = await client.call<ProductJson[]>('GET', path);
    products.push(...page);
    if (page.length < PAGE) return products;
  }
}

const emailOf = ([firstName, lastName]: [string, string]): string =>
  `${firstName}.${lastName}@${EMAIL_DOMAIN}`.toLowerCase();
const isDeclined = (total: number): boolean => declineReason(total.toFixed(2)) !== '';
const below = (limit: number): number => Math.floor(Math.random() * limit);
const oneOf = <T>(values: T[]): T => values[below(values.length)]!;
