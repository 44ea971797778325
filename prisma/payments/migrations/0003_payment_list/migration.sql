-- The list of payments, newest first.
CREATE INDEX "payments_paid_at_payment_id_idx" ON "payments"("paid_at" DESC, "payment_id" DESC);

-- The same list by status. Nearly all payments succeed, so the list of those uses the index above.
CREATE INDEX "payments_unusual_status_idx" ON "payments"("status", "paid_at" DESC, "payment_id" DESC) WHERE "status" <> 'success';
