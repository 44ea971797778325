-- The columns that the saga needs. Orders of the original have no `stock_taken_at`: the original takes stock only after
-- the payment.
ALTER TABLE "orders"
    ADD COLUMN "stock_taken_at" TIMESTAMPTZ(6),
    ADD COLUMN "cancel_requested_at" TIMESTAMPTZ(6),
    ADD COLUMN "settled_at" TIMESTAMPTZ(6),
    ADD COLUMN "payment_id" UUID,
    ADD COLUMN "deleted_at" TIMESTAMPTZ(6),
    ADD COLUMN "examine_after" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- Payment answers for such orders may wait in the queue. The delay lets them be handled before the sweeper resumes the
-- orders.
UPDATE "orders" SET "examine_after" = CURRENT_TIMESTAMP + INTERVAL '1 minute' WHERE "order_status" = 'placed';

ALTER TABLE "order_products" ADD COLUMN "unit_price" DECIMAL(10,2);

-- A partial index: the cost of the sweeper's query depends on the number of unsettled orders, not of all orders.
CREATE INDEX "orders_placed_examine_after_idx" ON "orders"("examine_after") WHERE ("order_status" = 'placed');

-- Used when a product is deleted, to check that no order contains it.
CREATE INDEX "order_products_product_id_idx" ON "order_products"("product_id");
