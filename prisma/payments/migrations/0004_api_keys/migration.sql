-- The API keys of clients. A key is `shop_<prefix>_<secret>`; of its secret, only the SHA-256 is stored. IF NOT EXISTS: if both
-- services use one schema, they share the table.
CREATE TABLE IF NOT EXISTS "api_keys" (
    "key_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "secret_sha256" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "customer_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(6),
    "revoked_at" TIMESTAMPTZ(6),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("key_id"),
    CONSTRAINT "api_keys_role_check" CHECK ("role" IN ('customer', 'catalog', 'operator')),
    CONSTRAINT "api_keys_customer_check" CHECK (("role" = 'customer') = ("customer_id" IS NOT NULL))
);

-- Used to find the key of a request.
CREATE UNIQUE INDEX IF NOT EXISTS "api_keys_prefix_key" ON "api_keys"("prefix");
