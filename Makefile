# The commands of this repository. Each target installs and builds what it needs.
MAKEFLAGS += --no-print-directory
SOURCES := $(shell find console order-management packages payment-processing prisma tools workflows \
	\( -name node_modules -o -name dist -o -name generated -o -name histories \) -prune -o \
	\( -name '*.ts' -o -name '*.tsx' -o -name '*.css' -o -name '*.html' -o -name '*.mjs' -o -name '*.json' -o -name '*.prisma' -o -name '*.peggy' \) -not -name '*.test.ts' -not -name '*.tsbuildinfo' -print)
INSTALLED := node_modules/.package-lock.json
# What npm left out although it succeeded: make then installs the packages again.
MISSING := $(if $(wildcard $(INSTALLED)),$(shell node tools/dev/missing-packages.mjs))
# Whatever the environment says (NODE_ENV=production, npm_config_omit, npm_config_ignore_scripts), a build needs these.
NPM_CI := npm ci --include=dev --include=optional --include=peer --ignore-scripts=false --no-progress --prefer-offline
BUILT := node_modules/.built
GENERATED := node_modules/.generated
JEST := node_modules/.bin/jest --runInBand
ifdef WORKERS
JEST := node_modules/.bin/jest --maxWorkers=$(WORKERS)
endif
PEERS := tools/bench/node_modules/.package-lock.json
STEP := node tools/dev/step.mjs
# Benches run on the Node version of the container image, not on the one that this machine has installed.
BENCH_NODE := NODE_ENV=production tools/bench/node_modules/.bin/node

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 21

run: $(BUILT) ## Start the servers that are missing and both services, place two orders, serve until Ctrl-C
	@node tools/dev/dist/run.js

demo: $(BUILT) ## Start everything, place the two orders, and exit: 0 if both ended as expected
	@node tools/dev/dist/run.js --demo

test: $(BUILT) ## Run all tests, WORKERS=2 files at a time; select some with TEST=path and CASE="part of a name"
	@$(JEST) $(TEST) $(if $(CASE),--testNamePattern "$(CASE)")

test-unit: $(GENERATED) ## Run the tests that need no server and no other process
	@$(JEST) --selectProjects unit

watch: $(GENERATED) ## Run the unit tests that a change affects, whenever a file changes
	@$(JEST) --selectProjects unit --watch

temporal: $(BUILT) ## Run Temporal's CLI, for example: make temporal ARGS="workflow list"
	@node tools/dev/dist/temporal-command.js $(ARGS)

parked: $(BUILT) ## List, show, retry or discard parked messages: ARGS="list", ARGS="retry all"
	@node packages/amqp/dist/parked.js $(ARGS)

api-keys: $(BUILT) ## Create, list or revoke API keys: ARGS="create --name shop --role operator", ARGS="list"
	@node packages/runtime/dist/access/manage-api-keys.js $(ARGS)

codec-server: $(BUILT) ## Show encrypted payloads in Temporal's Web UI and CLI; PAYLOAD_KEYS_FILE=path of the keys
	@node packages/runtime/dist/serve-codec.js

replay: $(BUILT) ## Replay the latest LAST=20 sagas of the server with this code, or FILES="a.json b.json"
	@node tools/dev/dist/replay.js $(FILES)

record: $(BUILT) ## Save the history of SAGA=order-<id> as NAME=what-happens-in-it, so that the tests replay it
	@node tools/dev/dist/record.js

conformance: $(BUILT) ## Test what clients and services of the original rely on; prints one line per rule
	@$(JEST) --verbose test/conformance

test-console: $(BUILT) ## Test the console in Chromium; SCREENSHOTS=write also updates docs/images
	@$(JEST) --verbose console

interop: $(BUILT) ## Compare payment answers with those of the original service; ORIGINAL=its clone runs it
	@$(JEST) --verbose test/interop

fuzz: $(BUILT) ## Send REQUESTS=10000 requests, generated from the OpenAPI documents with SEED=22, to both services
	@$(JEST) test/openapi/fuzz

test-tracing: $(BUILT) ## Read the traces of orders from a real Jaeger, which is built if it is missing
	@JAEGER=real $(JEST) --verbose test/tracing

test-faults: $(BUILT) ## Place ORDERS=2000 orders while the faults of SEED=1 are injected, then check every invariant
	@node --enable-source-maps tools/faults/dist/run.js

bench: $(BUILT) $(PEERS) ## Compare this system with others on one machine; BENCH_REPS=3 BENCH_ORDERS=1000 BENCH_SECONDS=8
	@npx tsc -b tools/bench/peers
	@$(BENCH_NODE) tools/bench/dist/compare.js

bench-growth: $(BUILT) $(PEERS) ## Measure the cost per order after GROWTH_ORDERS=1000,10000 orders, and memory for HALF_LOAD_FOR=10m
	@$(BENCH_NODE) tools/bench/dist/growth.js

bench-overload: $(BUILT) $(PEERS) ## Measure the system at 2.5 times its capacity for OVERLOAD_FOR=10m
	@$(BENCH_NODE) tools/bench/dist/overload.js

bench-console: $(BUILT) $(PEERS) ## Measure how soon each page of the console is interactive with ORDERS=100000 orders, in Chromium
	@$(BENCH_NODE) tools/bench/dist/console.js

bench-list: $(BUILT) $(PEERS) ## Measure POST and memory while CLIENTS=20 read the list of ORDERS=1000000 orders at the same time
	@$(BENCH_NODE) tools/bench/dist/list.js

bench-hostile: $(BUILT) $(PEERS) ## Measure POST, memory and refusals while hostile clients try to starve the system
	@$(BENCH_NODE) tools/bench/dist/hostile.js

bench-tracing: $(BUILT) $(PEERS) ## Compare the CPU time per order with tracing off, at 1 % and at 100 %; BASELINE=another build
	@$(BENCH_NODE) tools/bench/dist/tracing.js

bench-statements: $(BUILT) ## Measure what the search indexes add to accepting and settling an order; ORDERS=100000
	@node tools/bench/dist/statements.js

query-table: $(BUILT) ## Measure each documented query with ORDERS=1000000 and write docs/query-performance.md
	@node tools/bench/dist/query-table.js

simulate: $(BUILT) ## Place RATE=5 orders per second, DECLINED=10% CANCELLED=5% of them, until Ctrl-C or FOR=10m; URL
	@node tools/dev/dist/simulate.js

seed-orders: $(BUILT) ## Fill the database with ORDERS=10000 settled orders of SEED=1; repeating it adds nothing
	@node tools/dev/dist/seed-orders.js

bench-promises: $(BUILT) ## Count the promises that workflow code creates for each recorded saga, by line
	@node tools/bench/dist/promises.js --places

cluster: $(BUILT) ## Start HAProxy, 3 instances per service, PostgreSQL with 2 secondaries, RabbitMQ and Temporal
	@node --enable-source-maps tools/cluster/dist/main.js up

cluster-status: $(BUILT) ## Show the state of the cluster, the replication lag, and the requests per instance
	@node --enable-source-maps tools/cluster/dist/main.js status

cluster-restart: $(BUILT) ## Restart the services one by one without downtime; BUILD_ID names the new build
	@node --enable-source-maps tools/cluster/dist/main.js restart

cluster-switch-over: $(BUILT) ## Promote a secondary; the old primary, running or not, becomes a secondary
	@node --enable-source-maps tools/cluster/dist/main.js switch-over

cluster-reload: $(BUILT) ## Reload deploy/haproxy.cfg without closing connections
	@node --enable-source-maps tools/cluster/dist/main.js reload

cluster-down: $(BUILT) ## Stop the cluster; its data stays in .data/cluster
	@node --enable-source-maps tools/cluster/dist/main.js down

test-alerts: $(BUILT) ## Cause each outage, and see in Prometheus and Alertmanager that its alert fires and no other page
	@OUTAGES=all $(JEST) --verbose test/observability/outages

test-cluster: $(BUILT) ## Test a separate cluster under load: restarts, failures and switch-overs; TRIES=5000 reads
	@node --enable-source-maps tools/faults/dist/run-cluster.js

check: $(GENERATED) ## Check types, lint and format
	@npm run --silent check

sbom: $(INSTALLED) ## Print the software bill of materials (CycloneDX) of the services and their build
	@npm sbom --sbom-format cyclonedx --sbom-type application --workspace order-management --workspace payment-processing

openapi: $(BUILT) ## Write the OpenAPI documents of both services to docs/openapi
	@node tools/dev/dist/openapi.js

dashboards: $(BUILT) ## Write the Grafana dashboards to deploy/observability/dashboards
	@node tools/dashboards/dist/write.js

format: $(INSTALLED) ## Format all files
	@npm run --silent format

build: $(BUILT) ## Compile the code and bundle the workflows

order: $(BUILT) ## Print how an order ended, why, and each step: ID=<order id>
	@node tools/dev/dist/order.js "$(ID)"

stop: ## Stop SERVICE=payment-processing, or another process of `make run`
	@node tools/dev/dist/process-control.js stop "$(SERVICE)"

start: ## Start SERVICE=payment-processing again after `make stop`
	@node tools/dev/dist/process-control.js start "$(SERVICE)"

clean: ## Remove everything that was built or installed, and the data of `make run` and `make cluster`
	@for process in $$(ls node_modules/.running 2>/dev/null); do if kill -0 $$process 2>/dev/null; then \
		echo "make run serves from this folder, as process $$process. Stop it with Ctrl-C first." >&2; \
		echo "If process $$process is something else, remove node_modules/.running/$$process." >&2; exit 1; fi; done
	@[ ! -e .data/cluster/servers.json ] || [ ! -e tools/cluster/dist/main.js ] || node tools/cluster/dist/main.js down
	rm -rf .data node_modules prisma/generated order-management/search/generated tools/openapi/generated $(foreach folder,dist node_modules,$(addsuffix $(folder),$(wildcard */ packages/*/ tools/*/)))

# PRISMA_SCHEMA_ENGINE_BINARY prevents the download of an engine that nothing uses. Always runs `npm ci`, because only a
# new node_modules is certain to be complete: after an interruption npm treats partly unpacked packages as installed.
# npm's cache keeps earlier downloads.
$(INSTALLED): package.json package-lock.json $(wildcard */package.json packages/*/package.json) $(filter-out tools/bench/%,$(wildcard tools/*/package.json)) $(if $(MISSING),FORCE)
	@$(if $(MISSING),echo "node_modules is incomplete: $(MISSING) is missing.")
	@PRISMA_SCHEMA_ENGINE_BINARY="$$(command -v node)" $(STEP) 'Installing npm packages' '20 seconds to 2 minutes' \
		$(NPM_CI) || { rm -f $@; exit 1; }
	@touch $@

FORCE:

$(PEERS): tools/bench/package.json tools/bench/package-lock.json
	@$(STEP) 'Installing the npm packages of the benches' '10 to 60 seconds' \
		$(NPM_CI) --prefix tools/bench || { rm -f $@; exit 1; }
	@touch $@

# The database clients, the parser of filters and the types of the REST APIs: the only generated code that the unit tests need.
$(GENERATED): $(INSTALLED) $(wildcard prisma/*/schema.prisma prisma/*/prisma.config.ts order-management/search/*.peggy docs/openapi/*.json)
	@$(STEP) 'Generating the database clients, the parser and API types' '5 to 20 seconds' npm run --silent generate
	@touch $@

$(BUILT): $(INSTALLED) $(SOURCES) tsconfig.json tsconfig.base.json
	@$(STEP) 'Building' '10 to 60 seconds' npm run --silent build
	@touch $@

.PHONY: FORCE help run demo test test-console fuzz test-unit watch temporal parked api-keys codec-server replay record conformance interop test-faults test-tracing bench \
	bench-console bench-growth bench-list bench-hostile bench-statements bench-tracing query-table simulate seed-orders \
	bench-overload bench-promises cluster cluster-status cluster-restart cluster-switch-over cluster-reload cluster-down \
	test-alerts test-cluster check sbom openapi dashboards format build order stop start clean
