-- The indexes of the documented searches. IF NOT EXISTS: on a large database that must stay available, they are created in
-- advance with CREATE INDEX CONCURRENTLY, as docs/migration.md describes.

-- A search by price reads `unit_price` alone. The original writes lines without it: they get the product's price. This is a
-- trigger and not a default, because a default cannot read another table. Lines with a price do not call the function.
CREATE FUNCTION "set_unit_price"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT "price" INTO NEW."unit_price" FROM "products" WHERE "product_id" = NEW."product_id";
    RETURN NEW;
END
$$;

CREATE TRIGGER "set_unit_price" BEFORE INSERT ON "order_products"
    FOR EACH ROW WHEN (NEW."unit_price" IS NULL) EXECUTE FUNCTION "set_unit_price"();

UPDATE "order_products" SET "unit_price" = "products"."price"
FROM "products" WHERE "order_products"."unit_price" IS NULL AND "products"."product_id" = "order_products"."product_id";

-- The list, ranges of dates, and the default order of each search.
CREATE INDEX IF NOT EXISTS "orders_order_date_order_id_idx" ON "orders"("order_date", "order_id");

CREATE INDEX IF NOT EXISTS "orders_customer_id_order_date_order_id_idx" ON "orders"("customer_id", "order_date", "order_id");

-- Partial indexes: searches for the statuses that nearly all orders have use the index on `order_date`, and placed orders
-- have an index already. An order that ends normally adds no entry to the first one.
CREATE INDEX IF NOT EXISTS "orders_order_status_order_date_order_id_idx" ON "orders"("order_status", "order_date", "order_id")
    WHERE ("order_status" NOT IN ('placed', 'shipped'));
CREATE INDEX IF NOT EXISTS "orders_payment_status_order_date_order_id_idx" ON "orders"("payment_status", "order_date", "order_id")
    WHERE ("payment_status" <> 'success');

-- Replaces the index on `product_id` alone.
CREATE INDEX IF NOT EXISTS "order_products_product_id_order_id_idx" ON "order_products"("product_id", "order_id");
DROP INDEX IF EXISTS "order_products_product_id_idx";

CREATE INDEX IF NOT EXISTS "order_products_unit_price_order_id_idx" ON "order_products"("unit_price", "order_id");

-- Text is compared and sorted by code point, which does not depend on the locale of the server.
CREATE INDEX IF NOT EXISTS "products_name_product_id_idx" ON "products"("name" COLLATE "C", "product_id");
CREATE INDEX IF NOT EXISTS "customers_first_name_customer_id_idx" ON "customers"("first_name" COLLATE "C", "customer_id");
CREATE INDEX IF NOT EXISTS "customers_last_name_customer_id_idx" ON "customers"("last_name" COLLATE "C", "customer_id");
CREATE INDEX IF NOT EXISTS "customers_email_customer_id_idx" ON "customers"("email" COLLATE "C", "customer_id");
