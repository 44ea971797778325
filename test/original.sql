-- A database as the original service creates and leaves it: customers, products, orders in every status that it uses,
-- four of them still placed, and one product that it has oversold.
CREATE TABLE customers (
  customer_id uuid PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, email text NOT NULL
);
CREATE TABLE products (
  product_id uuid PRIMARY KEY, name text NOT NULL, price decimal(10, 2) NOT NULL, description text,
  quantity_available int NOT NULL, product_type text NOT NULL
);
CREATE TABLE orders (
  order_id uuid PRIMARY KEY, customer_id uuid REFERENCES customers (customer_id), payment_status text NOT NULL,
  order_status text NOT NULL, order_date timestamp DEFAULT current_timestamp
);
CREATE TABLE order_products (
  order_id uuid REFERENCES orders (order_id) ON DELETE CASCADE, product_id uuid REFERENCES products (product_id),
  quantity int NOT NULL, PRIMARY KEY (order_id, product_id)
);

INSERT INTO customers VALUES
  ('cf68cb9a-104d-4e27-928e-0ec1e471f5ce', 'John', 'Doe', 'john.Doe@test.com'),
  ('00000000-0000-4000-8000-0000000000c1', 'Jane', 'Roe', 'jane@roe.com');

INSERT INTO products VALUES
  ('e574cb80-0dbb-4df6-baf1-8e7bc9c7fe15', 'Thermos Flask', 45, '2L keep cold or warm for 48hrs..', 11, 'Home & Kitchen'),
  ('00000000-0000-4000-8000-0000000000b1', 'Mug', 4.5, NULL, 10, 'Kitchen'),
  ('00000000-0000-4000-8000-0000000000b2', 'Kettle', 30, 'Boils', -3, 'Kitchen');

INSERT INTO orders
SELECT ('00000000-0000-4000-8000-0000000001' || lpad(n::text, 2, '0'))::uuid, '00000000-0000-4000-8000-0000000000c1',
  payment_status, order_status, timestamp '2024-04-14 00:28:31.336146' + n * interval '1 hour'
FROM (VALUES
  (1, 'success', 'shipped'), (2, 'failed', 'cancelled'), (3, 'cancelled', 'shipped'), (4, 'success', 'complete'),
  (5, 'failed', 'failed'), (6, 'cancelled', 'cancelled')
) AS settled (n, payment_status, order_status);
INSERT INTO order_products SELECT order_id, '00000000-0000-4000-8000-0000000000b1', 1 FROM orders;

-- Still placed, in this sequence: paid, with the answer in the queue; never answered; out of stock; paid and out of stock.
INSERT INTO orders VALUES
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000c1', 'pending', 'placed'),
  ('00000000-0000-4000-8000-0000000000a2', '00000000-0000-4000-8000-0000000000c1', 'pending', 'placed'),
  ('00000000-0000-4000-8000-0000000000a3', 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce', 'pending', 'placed'),
  ('00000000-0000-4000-8000-0000000000a4', 'cf68cb9a-104d-4e27-928e-0ec1e471f5ce', 'pending', 'placed');
INSERT INTO order_products VALUES
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000b1', 2),
  ('00000000-0000-4000-8000-0000000000a2', '00000000-0000-4000-8000-0000000000b1', 3),
  ('00000000-0000-4000-8000-0000000000a3', '00000000-0000-4000-8000-0000000000b2', 1),
  ('00000000-0000-4000-8000-0000000000a4', '00000000-0000-4000-8000-0000000000b2', 1);
