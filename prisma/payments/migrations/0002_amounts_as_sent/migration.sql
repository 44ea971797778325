-- An amount is decided and stored as it was sent, without rounding: 1000.004 and 1e21 are declined, as in the original.
-- Removing the limits rewrites no rows.
ALTER TABLE "payments" ALTER COLUMN "amount" TYPE DECIMAL;
