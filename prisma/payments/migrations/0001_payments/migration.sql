CREATE TABLE "payments" (
    "payment_id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "customer_id" UUID,
    "amount" DECIMAL(20,2),
    "status" TEXT NOT NULL,
    "reason" TEXT NOT NULL DEFAULT '',
    "paid_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "refunded_at" TIMESTAMPTZ(6),

    CONSTRAINT "payments_pkey" PRIMARY KEY ("payment_id")
);

-- At most one payment per order. A repeated request finds the existing payment.
CREATE UNIQUE INDEX "payments_order_id_key" ON "payments"("order_id");
