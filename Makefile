# Every target works on a machine that has only Node 20 and npm 11: Node 24 comes with the development dependencies.
.DEFAULT_GOAL := help

# Where `make install` puts the command: for everybody as root, for you otherwise.
PREFIX ?= $(if $(filter 0,$(shell id -u)),/usr/local,$(HOME)/.local)

.PHONY: help debug check test bench faults install build lint check-browser test-clis clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

debug: build ## Run the service in the foreground at http://127.0.0.1:7011
	@# The PATH stays yours: the agent CLI is to be the one that you have, not the one that the tests use.
	@node_modules/node/bin/node bin/ai-agent-proxy.cjs daemon --demo-fallback $(ARGS)

check: node_modules/.installed ## Lint, type check, unit tests, the contract on the demo agent: before each commit (a minute)
	@$(MAKE) --no-print-directory -j3 lint check-types check-units

.PHONY: check-types check-units
check-types:
	npm run --silent typecheck

check-units:
	npm test --silent -- src/ test/architecture/ test/contract/demo.test.ts

test: node_modules/.installed check-browser test-clis build ## Lint, type check and run all tests
	npm run --silent lint
	npm run --silent typecheck
	npm run --silent test

bench: node_modules/.installed ## Measure against a bare service and the raw CLI (6 minutes)
	node_modules/node/bin/node --disable-warning=ExperimentalWarning bench/run.ts $(ARGS)

faults: build ## Kill it, flood it, stall it, and count what was lost (20 minutes, Linux)
	node_modules/node/bin/node --disable-warning=ExperimentalWarning test/faults/run.ts $(ARGS)

install: build ## Build and put `ai-agent-proxy` on the PATH (PREFIX=... to choose where)
	@mkdir -p "$(PREFIX)/bin"
	@ln -sf "$(CURDIR)/bin/ai-agent-proxy.cjs" "$(PREFIX)/bin/ai-agent-proxy"
	@echo "Installed $(PREFIX)/bin/ai-agent-proxy. Try: ai-agent-proxy --help"
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; *) echo "Add $(PREFIX)/bin to your PATH to use it by name." ;; esac

build: node_modules/.runs ## Bundle to dist/
	@npm run --silent build

lint: node_modules/.installed ## Lint and look for dead code
	npm run --silent lint

check-browser:
	@sh scripts/check-browser.sh

test-clis: node_modules/.installed
	@sh scripts/install-test-clis.sh

clean: ## Remove everything that can be made again
	rm -rf dist node_modules test/clis/node_modules coverage

# Warnings about Node's version are none: the one that these packages are run with is among them.
NPM_CI = npm ci --no-audit --no-fund --loglevel=error

# What it is made of and runs on: a third of what lint and tests need, which test/package.json lists.
node_modules/.runs: package.json package-lock.json
	$(NPM_CI) --workspaces=false
	@touch $@

node_modules/.installed: package.json package-lock.json test/package.json
	$(NPM_CI)
	@touch node_modules/.runs $@
