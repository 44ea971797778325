-- What the saga keeps of an order. Orders that the original left behind have no `stock_taken_at`: it took none.
ALTER TABLE "orders"
    ADD COLUMN "stock_taken_at" TIMESTAMPTZ(6),
    ADD COLUMN "cancel_requested_at" TIMESTAMPTZ(6),
    ADD COLUMN "settled_at" TIMESTAMPTZ(6),
    ADD COLUMN "payment_id" UUID,
    ADD COLUMN "deleted_at" TIMESTAMPTZ(6),
    ADD COLUMN "examine_after" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- Payment answers that wait in the queue for such orders come first; only then are the orders taken up anew.
UPDATE "orders" SET "examine_after" = CURRENT_TIMESTAMP + INTERVAL '1 minute' WHERE "order_status" = 'placed';

ALTER TABLE "order_products" ADD COLUMN "unit_price" DECIMAL(10,2);

-- Partial, so that the sweeper's search costs what is unsettled, not what was ever sold.
CREATE INDEX "orders_placed_examine_after_idx" ON "orders"("examine_after") WHERE ("order_status" = 'placed');

-- A product is deleted only where no order names it.
CREATE INDEX "order_products_product_id_idx" ON "order_products"("product_id");
