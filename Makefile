# Everything that a newcomer needs; each target does the set-up that it wants by itself.
MAKEFLAGS += --no-print-directory
SOURCES := $(shell find order-management packages payment-processing prisma tools workflows \
	\( -name node_modules -o -name dist -o -name generated -o -name histories \) -prune -o \
	\( -name '*.ts' -o -name '*.json' -o -name '*.prisma' \) -not -name '*.test.ts' -not -name '*.tsbuildinfo' -print)
INSTALLED := node_modules/.package-lock.json
BUILT := node_modules/.built
GENERATED := node_modules/.generated
JEST := node_modules/.bin/jest --runInBand
PEERS := tools/bench/node_modules/.package-lock.json
# What benches run on: the Node of the container image, from npm, whichever this machine has.
BENCH_NODE := NODE_ENV=production tools/bench/node_modules/.bin/node

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 21

run: $(BUILT) ## Find or start what the system needs, run both services and two demonstration orders, serve until Ctrl-C
	@node tools/dev/dist/run.js

demo: $(BUILT) ## The same, but end after the demonstration: exit 0 where both orders ended as they should
	@node tools/dev/dist/run.js --demo

test: $(BUILT) ## Run all tests on servers of their own, or one: TEST=path, and CASE="part of its name"
	@$(JEST) $(TEST) $(if $(CASE),--testNamePattern "$(CASE)")

test-unit: $(GENERATED) ## Run the tests that need no server and no other process
	@$(JEST) --selectProjects unit

watch: $(GENERATED) ## Run the unit tests that a change affects, whenever a file changes
	@$(JEST) --selectProjects unit --watch

replay: $(BUILT) ## Replay the LAST=20 sagas of Temporal, or FILES="a.json b.json", against this code
	@node tools/dev/dist/replay.js $(FILES)

record: $(BUILT) ## Keep the history of SAGA=order-<id> for the tests to replay, NAME=what-happens-in-it
	@node tools/dev/dist/record.js

conformance: $(BUILT) ## What the original's clients and services rely on, a line a rule, against running services
	@$(JEST) --verbose test/conformance

test-faults: $(BUILT) ## A load on two instances of each service while a plan of SEED=1 breaks things; ORDERS=2000
	@node --enable-source-maps tools/faults/dist/run.js

bench: $(BUILT) $(PEERS) ## This shop beside others that do the same work, in one run; BENCH_REPS=3 BENCH_ORDERS=1000 BENCH_SECONDS=8
	@npx tsc -b tools/bench/peers
	@$(BENCH_NODE) tools/bench/dist/compare.js

bench-growth: $(BUILT) $(PEERS) ## What an order costs after GROWTH_ORDERS=1000,10000 others, and memory in HALF_LOAD_FOR=10m
	@$(BENCH_NODE) tools/bench/dist/growth.js

bench-overload: $(BUILT) $(PEERS) ## Two and a half times what the shop can settle, OVERLOAD_FOR=10m
	@$(BENCH_NODE) tools/bench/dist/overload.js

bench-promises: $(BUILT) ## Count the promises that workflow code creates for each recorded saga, and where
	@node tools/bench/dist/promises.js --places

cluster: $(BUILT) ## HAProxy, three instances of each service, PostgreSQL with two secondaries, RabbitMQ, Temporal on PostgreSQL
	@node --enable-source-maps tools/cluster/dist/main.js up

cluster-status: $(BUILT) ## Every part of the cluster, how far the secondaries are behind, and which instance served what
	@node --enable-source-maps tools/cluster/dist/main.js status

cluster-restart: $(BUILT) ## Restart all services one after the other, while they serve; BUILD_ID names the new build
	@node --enable-source-maps tools/cluster/dist/main.js restart

cluster-switch-over: $(BUILT) ## Make a secondary the primary, and the primary, be it alive or dead, a secondary
	@node --enable-source-maps tools/cluster/dist/main.js switch-over

cluster-reload: $(BUILT) ## Have HAProxy read deploy/haproxy.cfg again, which cuts nothing off
	@node --enable-source-maps tools/cluster/dist/main.js reload

cluster-down: $(BUILT) ## Stop the cluster; its data stays in .data/cluster
	@node --enable-source-maps tools/cluster/dist/main.js down

test-cluster: $(BUILT) ## A load on a cluster of its own while it is restarted, broken and switched over; TRIES=5000 reads
	@node --enable-source-maps tools/faults/dist/run-cluster.js

check: $(INSTALLED) ## Types, lint and format
	@npm run --silent generate && npm run --silent check

build: $(BUILT) ## Compile, and bundle the workflows

clean: ## Remove what was built, and the data of the servers that `make run` and `make cluster` started
	@[ ! -e .data/cluster/servers.json ] || [ ! -e tools/cluster/dist/main.js ] || node tools/cluster/dist/main.js down
	rm -rf .data node_modules tools/bench/node_modules prisma/generated $(addsuffix /dist,$(wildcard */ packages/*/ tools/*/))

# Named, so that Prisma's install script does not look for an engine that the product has no use for. On a full disk npm
# only warns, and ends with 0.
$(INSTALLED): package.json package-lock.json $(wildcard */package.json packages/*/package.json) $(filter-out tools/bench/%,$(wildcard tools/*/package.json))
	@echo 'Installing npm packages …'
	@log=$$(mktemp) && PRISMA_SCHEMA_ENGINE_BINARY="$$(command -v node)" npm ci --no-progress > $$log 2>&1 \
		&& ! grep -q TAR_ENTRY_ERROR $$log || { grep -E 'npm (error|warn tar)' $$log | head -20; rm -rf node_modules; exit 1; }; \
		rm $$log
	@touch $@

$(PEERS): tools/bench/package.json tools/bench/package-lock.json
	@echo 'Installing what the benches need …'
	@log=$$(mktemp) && (cd tools/bench && npm ci --no-progress) > $$log 2>&1 && ! grep -q TAR_ENTRY_ERROR $$log \
		|| { grep -E 'npm (error|warn tar)' $$log | head -20; rm -rf tools/bench/node_modules; exit 1; }; rm $$log
	@touch $@

# The clients of both databases, which is all that the unit tests need to have built.
$(GENERATED): $(INSTALLED) $(wildcard prisma/*/schema.prisma prisma/*/prisma.config.ts)
	@npm run --silent generate
	@touch $@

$(BUILT): $(INSTALLED) $(SOURCES) tsconfig.json tsconfig.base.json
	@echo 'Building …'
	@npm run --silent build
	@touch $@

export LAST SAGA NAME SEED ORDERS TRIES
.PHONY: help run demo test test-unit watch replay record conformance test-faults bench bench-growth bench-overload bench-promises cluster cluster-status \
	cluster-restart cluster-switch-over cluster-reload cluster-down test-cluster check build clean
