# The commands of this repository. `make test` passes the tests, `make check`
# everything that is not a test, `make sim` looks for what no test has thought of,
# `make bench` prints the table of figures.

GO ?= go
TOOL = $(GO) tool -modfile=tools/go.mod

# Tests in files that the race detector leaves out: it has nothing to find in them, which
# do one thing after the other, and makes them ten times slower.
UNRACED = TestMutants|TestDamagedDrivers|TestPowerFailures|TestTablesFollowChanges|TestCacheTable|TestChangesLeadToAFreshFetch|TestGroupsAreWhatAFreshFetchGives|TestMatchIndexAgainstEvaluatingAll

.PHONY: test sim check bench generate

test: ## all tests with the race detector, planted defects, the js/wasm tests, a full disk, the generator's freshness
	$(GO) run ./cmd/ankgen -check ./...
	scripts/tikv scripts/postgres run $(GO) test -race -shuffle=on -timeout=30m -json ./... | $(GO) run ./internal/testreport
	$(GO) test -json -run '^($(UNRACED))$$' ./node/reactor ./storage/kv ./storage/memory ./storage/pebble ./storage/storagetest | $(GO) run ./internal/testreport
	scripts/test-js
	scripts/test-disk

# SEEDS=n runs n seeds, FROM=n begins with another one than 0.
SEEDS ?= 10000
FROM ?= 0
sim: ## many seeds of simulated networks, disks and clocks; stops at the first that fails
	cd node/nodetest && ANK_SIM_FROM=$(FROM) ANK_SIM_SEEDS=$(SEEDS) $(GO) test -count=1 -timeout=0 -run '^TestSimulation$$'

check: ## vet, linters, formatting, import rules, generated files, queries, the docs' code
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	@unformatted="$$($(TOOL) gofumpt -l .)"; if [ -n "$$unformatted" ]; then echo "not gofumpt'ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) run ./cmd/ankgen -check ./...
	@tool="$$(mktemp -d)/ankvet" && $(GO) build -o "$$tool" ./cmd/ankvet && \
		for dir in . bench; do (cd $$dir && $(GO) vet -vettool="$$tool" ./...) || exit 1; done && rm -r "$$(dirname "$$tool")"
	$(GO) test ./internal/lint
	cd bench && $(GO) vet ./...

generate: ## generated code, from the models
	$(GO) generate ./...

# B names a group of workloads: commit, language, query, query-1m, text, live,
# live-1m, kept, replay, sync, fanout, engines. All by default.
B ?= all
bench: ## workloads beside the raw store and peers: bench NAME VALUE UNIT, target ...
	scripts/bench $(B)
