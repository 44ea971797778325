-- Why an order was cancelled: a code for programs, a text for people. Both are null unless the order is cancelled.
-- The application defines the codes, so that a new code needs no migration.
ALTER TABLE "orders"
    ADD COLUMN "cancellation_code" TEXT,
    ADD COLUMN "cancellation_reason" TEXT;
