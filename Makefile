# Everything that a newcomer needs; each target does the set-up that it wants by itself.
MAKEFLAGS += --no-print-directory
SOURCES := $(shell find amqp dev order-management payment-processing prisma service workflows \
	\( -name node_modules -o -name dist -o -name generated -o -name histories \) -prune -o \
	\( -name '*.ts' -o -name '*.json' -o -name '*.prisma' \) -not -name '*.test.ts' -not -name '*.tsbuildinfo' -print)
INSTALLED := node_modules/.package-lock.json
BUILT := node_modules/.built

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 13

run: $(BUILT) ## Find or start what the system needs, run both services and two demonstration orders, serve until Ctrl-C
	@node dev/dist/run.js

demo: $(BUILT) ## The same, but end after the demonstration: exit 0 where both orders ended as they should
	@node dev/dist/run.js --demo

test: $(BUILT) ## All tests, on servers of their own
	@npx jest --runInBand

replay: $(BUILT) ## Replay the LAST=20 sagas of Temporal, or FILES="a.json b.json", against this code
	@node dev/dist/replay.js $(FILES)

record: $(BUILT) ## Keep the history of SAGA=order-<id> for the tests to replay, NAME=what-happens-in-it
	@node dev/dist/record.js

conformance: $(BUILT) ## What the original's clients and services rely on, a line a rule, against running services
	@npx jest --runInBand --verbose test/conformance

check: $(INSTALLED) ## Types, lint and format
	@npm run --silent generate && npm run --silent check

build: $(BUILT) ## Compile, and bundle the workflows

clean: ## Remove what was built, and the data of the servers that `make run` started
	rm -rf .data node_modules prisma/generated $(addsuffix /dist,$(wildcard */))

# Named, so that Prisma's install script does not look for an engine that the product has no use for.
$(INSTALLED): package.json package-lock.json $(wildcard */package.json)
	@echo 'Installing npm packages …'
	@PRISMA_SCHEMA_ENGINE_BINARY="$$(command -v node)" npm ci --silent --no-progress
	@touch $@

$(BUILT): $(INSTALLED) $(SOURCES) tsconfig.json tsconfig.base.json
	@echo 'Building …'
	@npm run --silent build
	@touch $@

export LAST SAGA NAME
.PHONY: help run demo test replay record conformance check build clean
