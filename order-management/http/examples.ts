/** The ids in the examples of operations. A test creates a product and an order with them, then sends each example. */
export const EXAMPLE_PRODUCT = '5f1c0b7e-3f0c-4c39-9a52-0d1a6f7c2b11';
export const EXAMPLE_ORDER = 'a3d8e1f4-72b6-4c0d-8e59-6b1f2a9c7d30';
