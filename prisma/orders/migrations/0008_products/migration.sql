-- Products that are no longer sold. They have a table of their own because the original reads products with `SELECT *`
-- and fails if a row has an additional column.
CREATE TABLE "retired_products" (
    "product_id" UUID NOT NULL,
    "retired_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "retired_products_pkey" PRIMARY KEY ("product_id")
);

ALTER TABLE "retired_products" ADD CONSTRAINT "retired_products_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "products"("product_id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- Restocks that were requested with an Idempotency-Key. A repeated request with the same key changes the stock only once.
CREATE TABLE "restocks" (
    "key" TEXT NOT NULL,
    "product_id" UUID NOT NULL,
    "quantity" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "restocks_pkey" PRIMARY KEY ("key")
);

CREATE INDEX "restocks_created_at_idx" ON "restocks"("created_at");

-- Used when a product is deleted.
CREATE INDEX "restocks_product_id_idx" ON "restocks"("product_id");

ALTER TABLE "restocks" ADD CONSTRAINT "restocks_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "products"("product_id") ON DELETE CASCADE ON UPDATE NO ACTION;
