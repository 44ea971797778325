-- Replaces the index of 0009, which had an entry for each pending payment. An order whose payment succeeds adds no entry to
-- this one. Building it reads the orders once, and writes an entry for each failed or refunded payment.
DROP INDEX IF EXISTS "orders_payment_status_order_date_order_id_idx";
CREATE INDEX "orders_payment_status_order_date_order_id_idx" ON "orders"("payment_status", "order_date", "order_id")
    WHERE ("payment_status" NOT IN ('pending', 'success'));
