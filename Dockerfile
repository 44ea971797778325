# One image for both services; the command selects the service. Node 24 is the newest that Temporal's SDK supports.
FROM node:24-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY console/package.json console/
COPY packages/amqp/package.json packages/amqp/
COPY tools/cluster/package.json tools/cluster/
COPY tools/dashboards/package.json tools/dashboards/
COPY tools/dev/package.json tools/dev/
COPY tools/faults/package.json tools/faults/
COPY tools/openapi/package.json tools/openapi/
COPY order-management/package.json order-management/
COPY payment-processing/package.json payment-processing/
COPY prisma/package.json prisma/
COPY packages/runtime/package.json packages/runtime/
COPY workflows/package.json workflows/

FROM manifests AS build
RUN PRISMA_SCHEMA_ENGINE_BINARY=/usr/local/bin/node npm ci
COPY . .
RUN npm run build

FROM manifests AS installed
# The optional packages are Prisma's commands and the compilers that bundle workflows; the image contains the bundles.
RUN npm ci --omit=dev --omit=optional --workspace order-management --workspace payment-processing
# The SDK ships its native library for all platforms. Keep the one for this platform.
RUN find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
  -not -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +
# The reference page needs two of the files of Swagger UI, 2 of 12 MB.
RUN find node_modules/swagger-ui-dist -name '*.map' -delete -o -name 'swagger-ui-es-*' -delete \
  -o -name 'swagger-ui-standalone-*' -delete -o -name swagger-ui.js -delete

FROM node:24-bookworm-slim
# Bounds the memory of a service; see docs/decisions/0034-node-garbage-collection.md.
ENV NODE_ENV=production NODE_OPTIONS="--max-semi-space-size=16 --max-old-space-size=1024"
# Only the address 0.0.0.0 of a container can be published. The services refuse to start with it unless AUTH is set.
ENV LISTEN_ADDRESS=0.0.0.0
WORKDIR /app
COPY --from=installed /app ./
COPY --from=build /app/packages/amqp/dist packages/amqp/dist
COPY --from=build /app/console/dist console/dist
COPY --from=build /app/order-management/dist order-management/dist
COPY --from=build /app/payment-processing/dist payment-processing/dist
COPY --from=build /app/prisma/dist prisma/dist
COPY --from=build /app/prisma/orders/migrations prisma/orders/migrations
COPY --from=build /app/prisma/payments/migrations prisma/payments/migrations
COPY --from=build /app/packages/runtime/dist packages/runtime/dist
COPY --from=build /app/workflows/dist workflows/dist
USER node
EXPOSE 8001 8002
CMD ["node", "order-management/dist/main.js"]
